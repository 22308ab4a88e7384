"""Hot pixels are found; stars, glints and the detail of a scene are left as they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from file_helpers import shared_folder
from PIL import Image

from llflow_photo.camera import RawFrame, night, simulate_night_raw
from llflow_photo.camera.curves import linear_to_srgb
from llflow_photo.files.raw.hot_pixels import repair_hot_pixels

SIZE = (256, 320)
WHITE, BLACK, SKY, NOISE = 16383, 512, 90, 8.0
BAYER = np.tile(np.array([[0, 1], [3, 2]], np.uint8), (SIZE[0] // 2, SIZE[1] // 2))
X_TRANS = np.array([[1, 1, 0, 1, 1, 2], [1, 1, 2, 1, 1, 0], [2, 0, 1, 0, 2, 1],
                    [1, 1, 2, 1, 1, 0], [1, 1, 0, 1, 1, 2], [0, 2, 1, 2, 0, 1]], np.uint8)  # fmt: skip
# What a neutral surface gives in each color of the sensor, by color index.
NEUTRAL = np.array([0.5, 1.0, 0.6, 1.0], np.float32)


def _colors(sensor: str) -> np.ndarray:
    if sensor == "bayer":
        return BAYER
    return np.tile(X_TRANS, (SIZE[0] // 6 + 1, SIZE[1] // 6 + 1))[: SIZE[0], : SIZE[1]]


def _pixel_values(light: np.ndarray, colors: np.ndarray, seed: int) -> np.ndarray:
    """Neutral light, in raw values of the green pixels, with photon and read noise."""
    generator = np.random.default_rng(seed)
    signal = light * NEUTRAL[colors]
    noisy = signal + generator.normal(0, 1, SIZE) * np.sqrt(NOISE**2 + 2.0 * signal)
    return np.clip(np.rint(BLACK + noisy), 0, WHITE).astype(np.uint16)


def _changed(mosaic: np.ndarray, colors: np.ndarray) -> set[tuple[int, int]]:
    before = mosaic.copy()
    count = repair_hot_pixels(mosaic, colors, np.full(4, BLACK, np.float32), float(WHITE))
    changed = {(int(y), int(x)) for y, x in np.argwhere(mosaic != before)}
    assert count == len(changed)
    return changed


@pytest.mark.parametrize("sensor", ["bayer", "x-trans"])
def test_hot_pixels_are_repaired(sensor: str) -> None:
    colors = _colors(sensor)
    mosaic = _pixel_values(np.full(SIZE, SKY, np.float32), colors, 0)
    generator = np.random.default_rng(1)
    # One in each cell of 16 x 16, so that none is another's neighbor; corners and edges besides.
    hot = {(y + 5, x + 5 + y // 16 % 6) for y in range(0, SIZE[0], 16) for x in range(0, SIZE[1], 16)}
    hot |= {(0, 0), (0, 150), (SIZE[0] - 1, SIZE[1] - 1), (130, 0)}
    for place in sorted(hot):
        mosaic[place] = generator.integers(BLACK + 1000, WHITE)
    found = _changed(mosaic, colors)
    assert found <= hot and len(found) >= 0.97 * len(hot)
    left = np.array([int(mosaic[place]) for place in found])
    assert abs(left - BLACK - SKY * NEUTRAL[colors[tuple(np.array(sorted(found)).T)]].mean()).mean() < 40


def _stars(sigma: float, brightness: tuple[float, float], seed: int) -> np.ndarray:
    """Points at any position between pixels, as imaged by a lens, over the sky."""
    generator = np.random.default_rng(seed)
    light = np.full(SIZE, SKY, np.float32)
    y, x = np.mgrid[-4:5, -4:5]
    for row in range(8, SIZE[0] - 8, 16):
        for column in range(8, SIZE[1] - 8, 16):
            dy, dx = generator.uniform(-0.5, 0.5, 2)
            spot = np.exp(-((y - dy) ** 2 + (x - dx) ** 2) / (2 * sigma**2))
            peak = np.exp(generator.uniform(*np.log(brightness)))
            light[row - 4 : row + 5, column - 4 : column + 5] += peak * spot
    return light


@pytest.mark.parametrize("sensor", ["bayer", "x-trans"])
@pytest.mark.parametrize("sigma", [0.6, 0.8, 1.2])
def test_stars_survive(sensor: str, sigma: float) -> None:
    colors = _colors(sensor)
    for seed in range(3):
        mosaic = _pixel_values(_stars(sigma, (300, 40_000), seed), colors, seed)
        assert not _changed(mosaic, colors)


@pytest.mark.parametrize("step", [(0, 1), (1, 0), (1, 1), (0, 2), (2, 0)])
def test_points_of_two_pixels_are_kept(step: tuple[int, int]) -> None:
    """Neighbors of another color, along rows, columns and diagonals; and the next of the same color."""
    mosaic = _pixel_values(np.full(SIZE, SKY, np.float32), BAYER, 3)
    for y in range(8, SIZE[0] - 8, 16):
        for x in range(8, SIZE[1] - 8, 17):
            mosaic[y, x] = 9000
            mosaic[y + step[0], x + step[1]] = 4000
    assert not _changed(mosaic, BAYER)


def _colors_of(frame: RawFrame) -> np.ndarray:
    pattern = np.array(["RGB".index(letter) for letter in frame.pattern], np.uint8).reshape(2, 2)
    height, width = frame.mosaic.shape
    return np.tile(pattern, (height // 2 + 1, width // 2 + 1))[:height, :width]


def _repaired(frame: RawFrame, mosaic: np.ndarray) -> int:
    levels = np.full(4, frame.black_level, np.float32)
    return repair_hot_pixels(mosaic, _colors_of(frame), levels, float(frame.white_level))


def _glitter() -> np.ndarray:
    """Rough dark ground full of glints, both as sharp as lenses draw them: float32, sRGB in [0, 1]."""
    generator = np.random.default_rng(0)
    light = np.exp(generator.normal(-4.0, 0.8, (240, 320)))
    light += generator.random((240, 320)) < 0.004
    for axis in (0, 1):
        light = (light + 0.25 * (np.roll(light, 1, axis) + np.roll(light, -1, axis))) / 1.5
    encoded = linear_to_srgb(np.minimum(2.0 * light, 1.0))
    return np.asarray(encoded, np.float32)[..., None].repeat(3, axis=2)


def _clean_photo() -> np.ndarray:
    """Real light on water and leaves: many highlights of a pixel or two."""
    folder = shared_folder()
    path = folder / "data" / "photos" / "photo-052.jpg" if folder else None
    if path is None or not path.exists():
        pytest.skip("the shared photos are not here; set LLFLOW_PHOTO_SHARED")
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize(("make", "limit"), [(_glitter, 3), (_clean_photo, 8)])
@pytest.mark.parametrize("exposure_ev", [0.0, -3.0])
def test_detail_of_a_scene_is_no_hot_pixel(
    make: Callable[[], np.ndarray], limit: int, exposure_ev: float
) -> None:
    """At most one pixel in 100,000 of a frame with highlights as small as pixels."""
    frame = simulate_night_raw(make(), night(exposure_ev), np.random.default_rng(0))
    assert _repaired(frame, frame.mosaic.copy()) <= limit


def test_hot_pixels_of_a_night_frame_are_found_among_detail() -> None:
    frame = simulate_night_raw(_glitter(), night(-5.0), np.random.default_rng(0))
    mosaic, generator = frame.mosaic.copy(), np.random.default_rng(2)
    span = frame.white_level - frame.black_level
    places = generator.integers(4, 236, 100), generator.integers(4, 316, 100)
    mosaic[places] = frame.black_level + (generator.uniform(0.1, 1.0, 100) * span).astype(np.uint16)
    before = mosaic.copy()
    _repaired(frame, mosaic)
    assert (mosaic != before)[places].mean() > 0.85
