"""Color noise of high ISO."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llflow_photo import Metadata, Options, Photo, enhance, files
from llflow_photo.camera import night, simulate_night_raw, write_frame_dng
from llflow_photo.camera.sensors import CAMERAS
from llflow_photo.color.guided import box_mean
from llflow_photo.color.shadow_curve import ShadowCurve
from llflow_photo.color.spaces import LINEAR_SRGB, SRGB, convert, decode
from llflow_photo.color.working import to_network
from llflow_photo.finish import PhotoAnalysis, areas_without_light, finished
from llflow_photo.finish.color_noise import empty_weight
from llflow_photo.finish.planes import luma

_PLAIN = Options(texture=0, local_exposure=0, look="neutral")


def _raw(scene: np.ndarray, shot: float, light: str, folder: Path, random: np.random.Generator) -> Path:
    settings = night(-3.0, light, CAMERAS[1], shot)
    noise = replace(settings.noise, black_error=(0.0, 0.0, 0.0, 0.0), hot=0.0, row=0.0)
    frame = simulate_night_raw(scene, replace(settings, noise=noise), random)
    write_frame_dng(folder / "frame.dng", frame, compression="none", camera_model=settings.camera.name)
    return folder / "frame.dng"


def _mottling(picture: np.ndarray) -> float:
    """Standard deviation of chroma, smoothed over 9 x 9 pixels, of 255."""
    gray = luma(picture)
    planes = [box_mean((picture[..., c] - gray).astype(np.float64), 4)[12:-12, 12:-12] for c in (0, 2)]
    return float(255 * np.hypot(planes[0].std(), planes[1].std()))


def _brighter(view: np.ndarray) -> np.ndarray:
    """A rendering whose fine noise is gone, and whose mottling is not."""
    planes = [box_mean(view[..., c].astype(np.float64), 2) for c in range(3)]
    return np.clip(2.0 * np.stack(planes, -1), 0, 1).astype(np.float32)


@pytest.mark.parametrize("shot", [0.003, 0.006, 0.012])
def test_mottling_of_flat_dark_patches_is_halved(
    tmp_path: Path, random: np.random.Generator, shot: float
) -> None:
    photo = files.read(_raw(np.full((160, 160, 3), 40, np.uint8), shot, "daylight", tmp_path, random))
    view, residual = to_network(photo)
    rendering = _brighter(view)
    with_it, without = (
        convert(
            finished(rendering, residual, _PLAIN.with_changes(color_smoothing=amount)).pixels,
            photo.color_space,
            SRGB,
        )
        for amount in (Options().color_smoothing, 0.0)
    )
    assert _mottling(without) > 3.0
    assert _mottling(with_it) < 0.5 * _mottling(without)


def test_clean_color_stays(random: np.random.Generator) -> None:
    pixels = np.full((96, 96, 3), 0.08) + random.normal(0, 0.004, (96, 96, 3))
    pixels[:, 48:] *= [1.6, 0.9, 0.5]
    photo = Photo(np.clip(pixels, 0, 1).astype(np.float32))
    view, residual = to_network(photo)
    result = finished(_brighter(view), residual, _PLAIN).pixels
    np.testing.assert_allclose(result, _brighter(view), atol=1e-6)


def test_dark_things_keep_their_color_in_8_bits(random: np.random.Generator) -> None:
    levels = np.array([2.6, 1.9, 1.3]) + random.normal(0, 3.0, (160, 160, 3))
    photo = Photo((np.clip(np.rint(levels), 0, 255) / 255).astype(np.float32))
    view, residual = to_network(photo)
    rendering = np.clip(8.0 * _brighter(view), 0, 1)
    result = finished(rendering, residual, _PLAIN).pixels
    wanted, found = (np.ptp(picture.mean((0, 1))) for picture in (rendering, result))
    assert wanted > 0.02
    assert found > 0.9 * wanted


@pytest.mark.parametrize("shot", [0.003, 0.012, 0.015])
@pytest.mark.parametrize("light", ["daylight", "tungsten"])
def test_a_black_frame_is_neutral(
    tmp_path: Path, random: np.random.Generator, light: str, shot: float
) -> None:
    path = _raw(np.zeros((160, 160, 3), np.uint8), shot, light, tmp_path, random)
    several: list[dict[str, Any]] = [
        {},
        {"denoise_only": True},
        {"temperature": 0.8, "seed": 1},
        {"brightness": 1.0},
    ]
    for changes in several:
        mean = 255 * enhance(path, device="cpu", **changes).reshape(-1, 3).mean(axis=0)
        assert np.abs(mean - mean.mean()).max() < 0.5, changes


def test_gray_ends_once_where_light_begins() -> None:
    light = np.geomspace(4e-4, 8e-3, 400, dtype=np.float32)[None].repeat(24, axis=0)
    weight = empty_weight(light, 0.001)[12]
    assert weight[:100].min() > 0.99
    assert weight[-200:].max() == 0.0
    assert np.diff(weight).max() <= 1e-6
    assert -np.diff(weight).min() < 0.2


def test_a_dark_thing_before_a_bright_wall_is_gray_up_to_its_edge() -> None:
    light = np.full((40, 80), 0.0005, np.float32)
    light[:, 40:] = 0.05
    weight = empty_weight(light, 0.0005)[20]
    assert weight[:38].min() > 0.95
    assert weight[42:].max() < 0.05


@pytest.mark.parametrize("light", ["daylight", "sodium"])
def test_color_stays_where_there_is_a_little_light(
    tmp_path: Path, random: np.random.Generator, light: str
) -> None:
    scene = np.zeros((160, 320, 3), np.uint8)
    scene[:, 160:] = (48, 34, 24)  # light of less than half the noise of a pixel
    photo = files.read(_raw(scene, 0.003, light, tmp_path, random))
    _, residual = to_network(photo)
    weight = areas_without_light(residual, Options())
    assert weight is not None
    assert float(weight[4:-4, 4:36].mean()) > 0.9 * Options().color_smoothing
    assert float(weight[4:-4, 44:-4].mean()) < 0.1


def test_noise_below_black_leaves_no_dots(random: np.random.Generator) -> None:
    pixels = random.normal(0, [0.004, 0.002, 0.006], (160, 160, 3))
    pixels[8::16, 8::16] = -0.3
    black = float(luma(np.maximum(pixels, 0)).mean())
    curve = ShadowCurve(np.zeros(1), np.zeros((1, 3)), black)
    photo = Photo(pixels.astype(np.float32), LINEAR_SRGB, metadata=Metadata(raw={"shadow_curve": curve}))
    _, residual = to_network(photo)
    assert areas_without_light(residual, _PLAIN) is not None
    analysis = replace(PhotoAnalysis.of(photo), developed=True)
    result = finished(np.full((160, 160, 3), 0.2, np.float32), residual, _PLAIN, analysis).pixels
    np.testing.assert_allclose(result, decode(np.float32(0.2), "srgb"), rtol=0.05)


def test_half_the_strength_of_denoising_is_a_blend(tmp_path: Path, random: np.random.Generator) -> None:
    photo = files.read(_raw(np.zeros((160, 160, 3), np.uint8), 0.003, "daylight", tmp_path, random))
    view, residual = to_network(photo)
    results = [
        finished(_brighter(view), residual, Options(denoise_only=True, strength=amount))
        for amount in (0.0, 0.5, 1.0)
    ]
    nothing, half, whole = (convert(one.pixels, one.color_space, SRGB) for one in results)
    np.testing.assert_allclose(half, (nothing + whole) / 2, atol=1e-4)


def test_colored_things_in_deep_shadow_stay_colored_when_only_denoised(
    tmp_path: Path, random: np.random.Generator
) -> None:
    scene = np.zeros((160, 160, 3), np.uint8)
    scene[40:120, 40:120] = (210, 60, 40)
    path = _raw(scene, 0.003, "daylight", tmp_path, random)
    result = enhance(path, device="cpu", denoise_only=True)
    inside, outside = (np.ptp(part.mean((0, 1))) for part in (result[56:104, 56:104], result[:24]))
    assert outside < 0.5 / 255
    assert inside > 8 / 255
