"""Regions and whole photos are finished alike; at 0 every control leaves the rendering as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llflow_photo import Options, Photo
from llflow_photo.color.spaces import encode
from llflow_photo.color.working import from_network, to_network
from llflow_photo.finish import PhotoAnalysis, finished
from llflow_photo.finish.analysis import Window

_NONE = Options(texture=0, local_exposure=0, color_smoothing=0, look="neutral", protect_highlights=False)
_CONTROLS = {
    "texture": {"texture": 1.0},
    "local exposure": {"local_exposure": 1.0},
    "color smoothing": {"color_smoothing": 1.0},
    "lamps": {"protect_highlights": True},
    "look": {"look": "standard"},
    "all": {"texture": 1.0, "local_exposure": 1.0, "color_smoothing": 1.0, "protect_highlights": True},
}


def _night(random: np.random.Generator) -> Photo:
    """A textured ground in the light of lamps of many sizes, with shot noise."""
    height, width = 384, 512
    y, x = np.mgrid[:height, :width]
    light = 0.004 + 0.012 * (((x // 7) + (y // 5)) % 2) * (y > 120)
    for _ in range(9):
        row, column = random.integers(20, height - 20), random.integers(20, width - 20)
        distance, size = np.hypot(y - row, x - column), random.uniform(2, 9)
        light += np.where(distance < size, 1.5, 0.12 * (size / np.maximum(distance, size)) ** 2)
    color = light[..., None] * np.array([1.0, 0.8, 0.55])
    color += random.normal(0, 1, color.shape) * np.sqrt(0.0006 * color + 2e-6)
    return Photo(encode(np.clip(color, 0, 1), "srgb").astype(np.float32))


def _rendered(photo: Photo) -> np.ndarray:
    """Brighter, with less noise and colored mottling, by filters that know no tiles."""
    padded = np.pad(photo.pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    smooth = sum(padded[i : i + photo.height, j : j + photo.width] for i in range(3) for j in range(3)) / 9
    return np.clip(np.asarray(smooth) ** 0.75, 0, 1).astype(np.float32)


_DEVELOPED = {
    "gray": {"color_smoothing": 1.0},
    "gray, only denoised": {"color_smoothing": 1.0, "denoise_only": True},
}


@pytest.mark.parametrize(
    ("changes", "developed"),
    [(changes, False) for changes in _CONTROLS.values()]
    + [(changes, True) for changes in _DEVELOPED.values()],
    ids=[*_CONTROLS, *_DEVELOPED],
)
def test_a_region_is_finished_as_in_the_whole(
    random: np.random.Generator, changes: dict[str, float | bool], developed: bool
) -> None:
    photo = _night(random)
    if developed:  # with an area without light that a region contains in part
        photo.pixels[200:260, 180:400] = np.abs(random.normal(0, [0.05, 0.02, 0.07], (60, 220, 3)))
    _, residual = to_network(photo)
    rendering, analysis = _rendered(photo), replace(PhotoAnalysis.of(photo), developed=developed)
    options = _NONE.with_changes(**changes)
    whole = finished(rendering, residual, options, analysis).pixels
    assert np.abs(whole - finished(rendering, residual, _NONE, analysis).pixels).max() > 2 / 255
    top, left, height, width, context = 96, 136, 240, 304, 96
    part = residual.crop(top, left, height, width)
    window = Window(top / 384, left / 512, height / 384, width / 512)
    region = rendering[top : top + height, left : left + width]
    result = finished(region, part, options, analysis, window).pixels
    inner = np.s_[context : height - context, context : width - context]
    wanted = whole[top : top + height, left : left + width]
    assert np.abs(result[inner] - wanted[inner]).max() < 1 / 255


@pytest.mark.parametrize("shape", [(381, 509), (382, 510), (383, 511)])
def test_a_region_is_lifted_as_in_a_whole_of_any_size(
    random: np.random.Generator, shape: tuple[int, int]
) -> None:
    height, width = shape
    night = _night(random)
    photo = night.with_pixels(np.ascontiguousarray(night.pixels[:height, :width]))
    _, residual = to_network(photo)
    rendering, analysis = _rendered(photo), PhotoAnalysis.of(photo)
    options = _NONE.with_changes(local_exposure=1.0)
    whole = finished(rendering, residual, options, analysis).pixels
    assert np.abs(whole - finished(rendering, residual, _NONE, analysis).pixels).max() > 8 / 255
    top, left, context = 96, 144, 96
    part = residual.crop(top, left, height - top, width - left)
    window = Window(top / height, left / width, 1 - top / height, 1 - left / width)
    result = finished(rendering[top:, left:], part, options, analysis, window).pixels
    wanted = whole[top:, left:]
    assert np.abs(result - wanted)[context:, context:].max() < 0.5 / 255


def test_the_last_blocks_of_the_lift_map_may_extend_beyond_the_photo() -> None:
    height, width = 577, 961  # 97 x 161 blocks of 6 x 6 pixels
    photo = Photo(np.full((height, width, 3), 0.1, np.float32))
    columns = np.arange(161, dtype=np.float32)
    analysis = replace(PhotoAnalysis.of(photo), lift=np.tile(columns, (97, 1)))
    wanted = np.clip((np.arange(241) + 0.5) * 4 / 6 - 0.5, 0, 160)
    found = analysis.lift_at(Window(), (height, width))
    assert found.shape == (145, 241)
    np.testing.assert_allclose(found, np.tile(wanted, (145, 1)), atol=1e-3)


def test_at_0_the_rendering_stays(random: np.random.Generator) -> None:
    photo = _night(random)
    _, residual = to_network(photo)
    rendering = _rendered(photo)
    plain = from_network(rendering, residual, protect_highlights=False).pixels
    np.testing.assert_array_equal(finished(rendering, residual, _NONE).pixels, plain)


def test_at_strength_0_the_photo_stays(random: np.random.Generator) -> None:
    photo = _night(random)
    _, residual = to_network(photo)
    options = Options(strength=0.0, look="standard")
    np.testing.assert_array_equal(finished(_rendered(photo), residual, options).pixels, photo.pixels)


def test_denoise_only_keeps_the_brightness_of_the_photo(random: np.random.Generator) -> None:
    photo = replace(_night(random), pixels=_night(random).pixels)
    _, residual = to_network(photo)
    options = Options(denoise_only=True, look="standard", local_exposure=1.0)
    result = finished(_rendered(photo), residual, options).pixels
    assert result.mean() == pytest.approx(photo.pixels.mean(), rel=0.02)
