"""Scores of renderings of simulated night RAW files, compared with rendering them without a model.

Each clean photo is turned into a DNG file by `llflow_photo.camera`; every method is given that file.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image

from ..camera import night, simulate_night_raw, write_frame_dng
from ..camera.sensors import CAMERAS
from ..models.writing import writing
from ..paths import expanded
from .baseline import auto_bright, denoised
from .metrics import align_brightness, psnr

__all__ = [
    "CONDITIONS",
    "WELL_EXPOSED",
    "NightRow",
    "Renderer",
    "baselines",
    "evaluate_night",
    "write_csv",
]

Renderer = Callable[[Path], np.ndarray]
"""Renders a photo file as H x W x 3, float, sRGB-encoded, in [0, 1]."""

CONDITIONS = ((-3.0, "daylight"), (-5.0, "tungsten"))
"""Exposure in EV and illuminant of the simulated nights."""

WELL_EXPOSED = "well exposed, against itself"
_EVALUATED_CAMERAS = (CAMERAS[1], CAMERAS[4])


@dataclass(frozen=True)
class NightRow:
    """Mean scores of one method under one condition, in dB; ``photos`` is the number of photos."""

    method: str
    condition: str
    psnr: float
    psnr_aligned: float
    photos: int


def evaluate_night(
    photos: Mapping[str, np.ndarray],
    models: Mapping[str, Renderer],
    baselines: Mapping[str, Renderer] | None = None,
    *,
    conditions: Sequence[tuple[float, str]] = CONDITIONS,
    shot: float = 0.0004,
    longest: int | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> list[NightRow]:
    """Score models and baselines on the same simulated RAW files, and models on well-exposed photos.

    Args:
        photos: clean photos by name, H x W x 3, uint8, sRGB-encoded.
        models: renderers by the name of their model.
        baselines: renderers that are scored on the simulated RAW files only, see `baselines`.
        conditions: exposure in EV and name of an illuminant (`camera.sensors.ILLUMINANTS`).
        shot: shot noise parameter; read noise follows from it (`camera.sensor_noise.read_noise_of`).
        longest: photos are first scaled down to this length of their longer side; None keeps their size.
        seed: of the simulated noise.
        progress: called with a message before each photo and condition.

    Returns:
        a row for each method and condition; `WELL_EXPOSED` compares a model's rendering of the clean photo
        with that photo.
    """
    methods = {**models, **(baselines or {})}
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {}
    report = progress or (lambda message: None)
    with tempfile.TemporaryDirectory() as folder:
        for index, (name, original) in enumerate(photos.items()):
            photo = _scaled(original, longest)
            camera = _EVALUATED_CAMERAS[index % len(_EVALUATED_CAMERAS)]
            random = np.random.default_rng([seed, index])
            for exposure_ev, light in conditions:
                report(f"{name}, {exposure_ev:+g} EV {light}")
                file = Path(folder) / f"{index}.dng"
                settings = night(exposure_ev, light, camera, shot)
                frame = simulate_night_raw(photo, settings, random)
                write_frame_dng(file, frame, compression="none", camera_model=settings.camera.name)
                _score(scores, methods, f"{exposure_ev:+g} EV {light}", file, photo)
            report(f"{name}, well exposed")
            file = Path(folder) / f"{index}.png"
            Image.fromarray(photo).save(file, compress_level=1)
            _score(scores, models, WELL_EXPOSED, file, photo)
    return [_row(method, condition, values) for (method, condition), values in scores.items()]


def _scaled(photo: np.ndarray, longest: int | None) -> np.ndarray:
    if longest is None:
        return photo
    image = Image.fromarray(photo)
    image.thumbnail((longest, longest), Image.Resampling.BICUBIC)
    return np.asarray(image)


def baselines() -> dict[str, Renderer]:
    """LibRaw's automatic brightness, alone and followed by non-local means (h = 15 and 30).

    Non-local means raises `LLFlowPhotoError` if OpenCV is not installed.
    """

    def renderer(strength: float) -> Renderer:
        return lambda path: denoised(auto_bright(path), strength).astype(np.float32) / 255.0

    return {
        "LibRaw auto-brightness": lambda path: auto_bright(path).astype(np.float32) / 255.0,
        "LibRaw auto-brightness, NLM h=15": renderer(15.0),
        "LibRaw auto-brightness, NLM h=30": renderer(30.0),
    }


def _score(
    scores: dict[tuple[str, str], list[tuple[float, float]]],
    methods: Mapping[str, Renderer],
    condition: str,
    file: Path,
    photo: np.ndarray,
) -> None:
    clean = photo.astype(np.float32) / 255.0
    for method, render in methods.items():
        rendering = render(file)
        pair = psnr(rendering, clean), psnr(align_brightness(rendering, clean), clean)
        # Equal images have an infinite PSNR, but the mean must be finite; 60 dB exceeds 8-bit precision.
        scores.setdefault((method, condition), []).append((min(pair[0], 60.0), min(pair[1], 60.0)))


def _row(method: str, condition: str, values: Sequence[tuple[float, float]]) -> NightRow:
    as_is, aligned = (float(value) for value in np.mean(values, axis=0))
    return NightRow(method, condition, as_is, aligned, len(values))


def write_csv(rows: Sequence[NightRow], path: Path) -> None:
    """Write a CSV file whose columns are the fields of `NightRow`.

    Raises:
        WriteError: the file cannot be written.
    """
    path = expanded(path)
    with writing(path), path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(NightRow)])
        for row in rows:
            writer.writerow([f"{value:.3f}" if isinstance(value, float) else value for value in astuple(row)])
