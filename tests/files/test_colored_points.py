"""Point lights of a narrow band, as on towers and aircraft, are no hot pixels; hot pixels that leak are."""

from __future__ import annotations

from math import erf, sqrt

import numpy as np
import pytest

from llflow_photo.files.raw.hot_pixels import repair_hot_pixels

SIDE, WHITE, BLACK, SKY, PITCH = 384, 16383, 512, 10.0, 16
X_TRANS = np.array([[1, 1, 0, 1, 1, 2], [1, 1, 2, 1, 1, 0], [2, 0, 1, 0, 2, 1],
                    [1, 1, 2, 1, 1, 0], [1, 1, 0, 1, 1, 2], [0, 2, 1, 2, 0, 1]], np.uint8)  # fmt: skip
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
COLORS = {
    "bayer": np.array([[0, 1], [3, 2]], np.uint8)[ROWS % 2, COLUMNS % 2],
    "x-trans": X_TRANS[ROWS % 6, COLUMNS % 6],
}
# Signal in red, green, blue, second green.
RED, BLUE = np.array([1.0, 0.08, 0.03, 0.08]), np.array([0.03, 0.12, 1.0, 0.12])
CENTERS = [(row, column) for row in range(8, SIDE - 7, PITCH) for column in range(8, SIDE - 7, PITCH)]


def _recorded(light: np.ndarray, seed: int, read: float = 3.0, shot: float = 0.3) -> np.ndarray:
    deviation = np.sqrt(read**2 + shot * light)
    noisy = light + np.random.default_rng(seed).normal(0.0, 1.0, light.shape) * deviation
    return np.clip(np.rint(BLACK + noisy), 0, WHITE).astype(np.uint16)


def _changed(mosaic: np.ndarray, sensor: str) -> np.ndarray:
    repaired = mosaic.copy()
    repair_hot_pixels(repaired, COLORS[sensor], np.full(4, BLACK, np.float32), float(WHITE))
    return np.asarray(repaired != mosaic)


def _point(row: float, column: float, sigma: float) -> np.ndarray:
    """A Gaussian integrated over 9 x 9 pixels, centered at an offset from the middle one."""
    edges = np.arange(-4.5, 5.0)
    along = [
        np.diff([erf((edge - center) / (sigma * sqrt(2))) for edge in edges]) / 2 for center in (row, column)
    ]
    return np.outer(*along)


@pytest.mark.parametrize("sensor", ["bayer", "x-trans"])
@pytest.mark.parametrize("response", [RED, BLUE], ids=["red", "blue"])
@pytest.mark.parametrize(("sigma", "peak"), [(0.6, 0.9), (0.7, 0.9), (0.7, 0.1)])
def test_lights_of_one_color_are_kept(sensor: str, response: np.ndarray, sigma: float, peak: float) -> None:
    """They are centered anywhere in pixels of any color."""
    generator = np.random.default_rng(0)
    light = np.zeros((SIDE, SIDE))
    for row, column in CENTERS:
        y, x = row + generator.integers(-2, 3), column + generator.integers(-2, 3)
        spot = _point(generator.uniform(-0.5, 0.5), generator.uniform(-0.5, 0.5), sigma)
        light[y - 4 : y + 5, x - 4 : x + 5] += spot / spot.max()
    signal = peak * (WHITE - BLACK) * light * response[COLORS[sensor]]
    changed = _changed(_recorded(SKY + signal, 1), sensor)
    assert changed.sum() <= 0.005 * len(CENTERS)


@pytest.mark.parametrize("sensor", ["bayer", "x-trans"])
@pytest.mark.parametrize(
    ("leak", "read", "shot", "least"), [(0.0, 3.0, 0.3, 0.99), (0.01, 3.0, 0.3, 0.97), (0.0, 25.0, 4.0, 0.95)]
)
def test_hot_pixels_are_found_as_often(
    sensor: str, leak: float, read: float, shot: float, least: float
) -> None:
    """Without a leak of charge, and with one of a hundredth into each adjacent pixel."""
    generator = np.random.default_rng(2)
    light = SKY * np.array([5.0, 9.0, 6.0, 9.0])[COLORS[sensor]]
    places = np.zeros((SIDE, SIDE), bool)
    for row, column in CENTERS:
        y, x = row + generator.integers(-2, 3), column + generator.integers(-2, 3)
        excess = np.exp(generator.uniform(*np.log((800, 15_000))))
        light[y - 1 : y + 2, x - 1 : x + 2] += leak * excess
        light[y, x] += (1.0 - leak) * excess
        places[y, x] = True
    changed = _changed(_recorded(light, 3, read, shot), sensor)
    assert not (changed & ~places).any()
    alone = places & np.isin(COLORS[sensor], (0, 2))
    for chosen in (alone, places & ~alone):
        assert (changed & chosen).sum() >= least * chosen.sum()
