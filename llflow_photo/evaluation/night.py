"""How models do on simulated night RAWs of held-out photos, beside what photographers have without them.

    python -m llflow_photo.evaluation.night PHOTOS --model night-compact

Each held-out photo becomes a DNG by `llflow_photo.camera`; every method gets that file.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image

from ..camera import night, simulate_night_raw, write_frame_dng
from ..camera.sensors import CAMERAS, ILLUMINANTS
from ..paths import expanded
from .baseline import auto_bright, denoised
from .metrics import align_brightness, psnr

__all__ = ["CONDITIONS", "WELL_EXPOSED", "NightRow", "Renderer", "evaluate_night", "write_csv"]

Renderer = Callable[[Path], np.ndarray]
"""Makes of a photo file an H x W x 3 rendering, float, sRGB-encoded, in [0, 1]."""

CONDITIONS = ((-3.0, "daylight"), (-5.0, "tungsten"))
"""Exposure in EV and light of the simulated nights."""

WELL_EXPOSED = "well exposed, against itself"
_EVALUATED_CAMERAS = (CAMERAS[1], CAMERAS[4])


@dataclass(frozen=True)
class NightRow:
    """Mean scores of one method under one condition, in dB; ``photos`` is how many."""

    method: str
    condition: str
    psnr: float
    psnr_aligned: float
    photos: int


def evaluate_night(
    models: Sequence[str],
    photos: Path,
    *,
    conditions: Sequence[tuple[float, str]] = CONDITIONS,
    shot: float = 0.0004,
    held_out: int | None = 24,
    longest: int | None = None,
    baseline: bool = True,
    device: str = "auto",
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> list[NightRow]:
    """Score models and the baselines on the same simulated RAW files, and models on well-exposed photos.

    Args:
        models: names or files of models.
        photos: folder of clean photos.
        conditions: exposure in EV and name of an illuminant (`camera.sensors.ILLUMINANTS`).
        shot: shot noise parameter; read noise follows from it (`camera.sensor_noise.read_noise_of`).
        held_out: number of photos held out of training, the only ones used; None uses all.
        longest: photos are scaled down to this side first; None keeps their size.
        baseline: score LibRaw's auto-brightness and non-local means (h 15 and 30) too.
        progress: told what is being done.

    Returns:
        a row for each method and condition; `WELL_EXPOSED` compares a model's rendering of the clean photo
        with that photo. Renderings have look ``neutral``; texture and local exposure are as by default.

    Raises:
        TrainingDataError: the folder has no photos.
        LLFlowPhotoError: OpenCV is missing for the baseline.
    """
    from ..training.photos import find_photos, load_photos, split_photos

    paths = find_photos(photos)
    if held_out is not None:
        paths = split_photos(paths, held_out)[1]
    clean = [_scaled(photo, longest) for photo in load_photos(paths)]
    renderers = {model: _model_renderer(model, device) for model in models}
    methods = {**renderers, **(_baselines() if baseline else {})}
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {}
    tell = progress or (lambda message: None)
    with tempfile.TemporaryDirectory() as folder:
        for index, (path, photo) in enumerate(zip(paths, clean, strict=True)):
            camera = _EVALUATED_CAMERAS[index % len(_EVALUATED_CAMERAS)]
            random = np.random.default_rng([seed, index])
            for exposure_ev, light in conditions:
                tell(f"{path.name}, {exposure_ev:+g} EV {light}")
                file = Path(folder) / f"{path.stem}.dng"
                settings = night(exposure_ev, light, camera, shot)
                frame = simulate_night_raw(photo, settings, random)
                write_frame_dng(file, frame, compression="none", camera_model=settings.camera.name)
                _score(scores, methods, f"{exposure_ev:+g} EV {light}", file, photo)
            tell(f"{path.name}, well exposed")
            file = Path(folder) / f"{path.stem}.png"
            Image.fromarray(photo).save(file, compress_level=1)
            _score(scores, renderers, WELL_EXPOSED, file, photo)
    return [_row(method, condition, values) for (method, condition), values in scores.items()]


def _scaled(photo: np.ndarray, longest: int | None) -> np.ndarray:
    if longest is None:
        return photo
    image = Image.fromarray(photo)
    image.thumbnail((longest, longest), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _model_renderer(model: str, device: str) -> Renderer:
    from ..api import enhance

    return lambda path: enhance(path, model=model, device=device, look="neutral")


def _baselines() -> dict[str, Renderer]:
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
        # 60 dB is below what 8 bits can tell; a mean must stay finite.
        scores.setdefault((method, condition), []).append((min(pair[0], 60.0), min(pair[1], 60.0)))


def _row(method: str, condition: str, values: Sequence[tuple[float, float]]) -> NightRow:
    as_is, aligned = (float(value) for value in np.mean(values, axis=0))
    return NightRow(method, condition, as_is, aligned, len(values))


def write_csv(rows: Sequence[NightRow], path: Path) -> None:
    """One line per row, under the names of `NightRow`'s fields."""
    with expanded(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(NightRow)])
        for row in rows:
            writer.writerow([f"{value:.3f}" if isinstance(value, float) else value for value in astuple(row)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m llflow_photo.evaluation.night",
        description="Score models on simulated night RAWs of held-out photos, beside LibRaw and OpenCV.",
    )
    parser.add_argument("photos", type=Path, help="folder of clean photos")
    parser.add_argument("--model", action="append", default=[], help="name or file; may be given repeatedly")
    parser.add_argument("--ev", type=float, nargs="+", help="exposures (default: -3 and -5)")
    parser.add_argument(
        "--light", nargs="+", choices=sorted(ILLUMINANTS), help="light of each (default: daylight, tungsten)"
    )
    parser.add_argument("--shot", type=float, default=0.0004, help="shot noise (default: %(default)s)")
    parser.add_argument("--held-out", type=int, default=24, help="photos kept from training, 0 for all")
    parser.add_argument("--longest", type=int, help="scale photos down to this side first")
    parser.add_argument("--no-baseline", action="store_true", help="score models only")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--csv", type=Path, help="write the rows there too")
    return parser


def _conditions(arguments: argparse.Namespace) -> Iterator[tuple[float, str]]:
    if arguments.ev is None and arguments.light is None:
        yield from CONDITIONS
        return
    exposures = arguments.ev or [exposure for exposure, _ in CONDITIONS]
    lights = arguments.light or ["daylight"]
    for index, exposure in enumerate(exposures):
        yield exposure, lights[min(index, len(lights) - 1)]


def main(words: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    from rich.console import Console
    from rich.table import Table

    arguments = _parser().parse_args(words)
    console = Console()
    with console.status("starting") as status:
        rows = evaluate_night(
            arguments.model,
            arguments.photos,
            conditions=list(_conditions(arguments)),
            shot=arguments.shot,
            held_out=arguments.held_out or None,
            longest=arguments.longest,
            baseline=not arguments.no_baseline,
            device=arguments.device,
            progress=status.update,
        )
    table = Table(
        "condition", "method", "PSNR", "aligned", "photos", title="mean over photos, dB; look neutral"
    )
    for row in sorted(rows, key=lambda row: row.condition):
        cells = f"{row.psnr:.2f}", f"{row.psnr_aligned:.2f}", str(row.photos)
        table.add_row(row.condition, row.method, *cells)
    console.print(table)
    if arguments.csv is not None:
        write_csv(rows, arguments.csv)


if __name__ == "__main__":
    main()
