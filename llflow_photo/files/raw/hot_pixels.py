"""Detection and repair of hot pixels in a mosaic: single pixels far brighter than their neighborhood."""

from __future__ import annotations

import numpy as np

from ...color.binned import median_by_bin

__all__ = ["noise_by_level", "repair_hot_pixels"]

_BLOCK_ROWS = 256
_REACH = 3
# Minimum excess of a hot pixel over neighbors of the same color, in standard deviations.
_SIGMAS = 10.0
# Maximum share of the excess that the brightest of these neighbors may have: glints occur in groups.
_SHARE_OF_SAME_COLOR = 0.15
# Maximum share of the excess that one adjacent pixel, and all eight together, may have. The image of a point
# by a sharp lens (Gaussian, sigma 0.6 pixels) has 0.25 in an adjacent pixel and 1.3 in all eight; charge
# leaking from a hot pixel has about 0.01 and 0.08.
_SHARE_OF_ADJACENT = 0.05
_SHARE_OF_ALL_ADJACENT = 0.25
# Maximum share of the excess that the four nearest pixels may have together, around red and blue pixels,
# which have no adjacent pixels of their color. In light of a narrow band, as of red lamps on towers and
# aircraft, green pixels have as little as 0.08 of the signal of red ones. The share is then at least 0.10
# (the Gaussian above, integrated over pixels; 0.07 with sigma 0.5). Charge leaking from a hot pixel has 0.04.
_SHARE_OF_NEAREST = 0.07
# Noise of their sum allowed instead, in standard deviations.
_NOISE_OF_NEAREST = 2.5
# Noise of neighbors allowed in addition, in standard deviations.
_ALLOWED_NOISE = 3.0
_FLOOR = 0.002
_NOISE_SAMPLES = 1 << 20
_NOISE_BINS = 24
_ENOUGH = 64
# A normal distribution's standard deviation over its median absolute value.
_MEDIAN_TO_SIGMA = 1.4826


def repair_hot_pixels(mosaic: np.ndarray, colors: np.ndarray, black: np.ndarray, white: float) -> int:
    """Replace hot pixels of a mosaic, in place, by the median of their neighbors of the same color.

    A pixel is hot if it exceeds its neighbors of the same color by far more than their scatter, while
    adjacent pixels of all colors show no excess beyond noise. Stars, lamps and glints spread over several
    pixels; in light of a single color, the excess of the other colors is small.

    Args:
        mosaic: H x W uint16.
        colors: H x W, color index of each pixel.
        black: black level by color index.
        white: saturation level.

    Returns:
        the number of repaired pixels.
    """
    repaired = 0
    height = mosaic.shape[0]
    noise = noise_by_level(mosaic, colors, black, white)
    original_above: np.ndarray | None = None
    for top in range(0, height, _BLOCK_ROWS):
        bottom = min(top + _BLOCK_ROWS, height)
        first, last = max(0, top - _REACH), min(height, bottom + _REACH)
        rows = mosaic[first:last].copy()
        if original_above is not None and top > first:
            # The rows above may already be repaired: use their original values.
            rows[: top - first] = original_above[-(top - first) :]
        original_above = mosaic[max(0, bottom - _REACH) : bottom].copy()
        hot, values = _hot(rows, colors[first:last], black, white, noise)
        inside = (hot[0] >= top - first) & (hot[0] < bottom - first)
        mosaic[hot[0][inside] + first, hot[1][inside]] = values[inside]
        repaired += int(inside.sum())
    return repaired


def noise_by_level(mosaic: np.ndarray, colors: np.ndarray, black: np.ndarray, white: float) -> np.ndarray:
    """Standard deviation of the frame's noise at 24 levels, equal steps of the square root from 0 to white.

    It is estimated from differences of pixels of the same color two columns apart, at up to about a million
    places. Detail of the scene increases them, so this is an upper bound.
    """
    step = max(1, mosaic.size // _NOISE_SAMPLES)
    light = mosaic[::step].astype(np.float32) - black.astype(np.float32)[colors[::step]]
    same = colors[::step, 2:] == colors[::step, :-2]
    difference = np.abs(light[:, 2:] - light[:, :-2])[same]
    bins = _bin((light[:, 2:] + light[:, :-2])[same] / 2, white)
    sigma = _MEDIAN_TO_SIGMA * median_by_bin(difference, bins, _NOISE_BINS, _ENOUGH) / np.sqrt(2)
    known = np.flatnonzero(np.isfinite(sigma))
    if not known.size:
        return np.zeros(_NOISE_BINS, np.float32)
    return np.asarray(np.interp(np.arange(_NOISE_BINS), known, sigma[known]), np.float32)


def _bin(light: np.ndarray, white: float) -> np.ndarray:
    root = np.sqrt(np.clip(light / np.float32(white), 0.0, 1.0))
    return np.asarray((root * (_NOISE_BINS - 1)).round().astype(np.intp))


def _hot(
    rows: np.ndarray, colors: np.ndarray, black: np.ndarray, white: float, noise: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Positions of hot pixels in some rows, and the values that replace them."""
    light = rows.astype(np.float32) - black.astype(np.float32)[colors]
    y, x = _local_peaks(light, white)
    around, kinds, offsets = _neighborhood(light, colors, y, x)
    same = np.where(kinds == colors[y, x][:, None], around, np.nan)
    enough = np.isfinite(same).sum(axis=1) >= 4
    y, x, around, kinds, same = y[enough], x[enough], around[enough], kinds[enough], same[enough]
    if not y.size:
        return (y, x), np.zeros(0, np.uint16)
    median = np.nanmedian(same, axis=1)
    scatter = _MEDIAN_TO_SIGMA * np.nanmedian(np.abs(same - median[:, None]), axis=1)
    excess = light[y, x] - median
    second = np.nanmax(same, axis=1) - median
    adjacent = np.abs(offsets).max(axis=1) == 1
    level = _levels(around, kinds, adjacent)
    rises = around[:, adjacent] - level
    nearest = np.abs(offsets[adjacent]).sum(axis=1) == 1
    alone = (_one_green(kinds[:, adjacent]) != _one_green(colors[y, x])[:, None]).all(axis=1)
    noise_of_nearest = np.sqrt((noise[_bin(level[:, nearest], white)] ** 2).sum(axis=1))
    # Not by the scatter, which is far more than noise in areas of detail.
    allowed = _ALLOWED_NOISE * noise[_bin(median, white)]
    hot = excess > _SIGMAS * np.maximum(scatter, _FLOOR * white)
    hot &= second < _SHARE_OF_SAME_COLOR * excess + allowed
    hot &= rises.max(axis=1) < _SHARE_OF_ADJACENT * excess + allowed
    hot &= rises.sum(axis=1) < _SHARE_OF_ALL_ADJACENT * excess
    hot &= ~alone | (
        rises[:, nearest].sum(axis=1)
        < np.maximum(_SHARE_OF_NEAREST * excess, _NOISE_OF_NEAREST * noise_of_nearest)
    )
    place = (y[hot], x[hot])
    values = median[hot] + black.astype(np.float32)[colors[place]]
    return place, np.clip(np.round(values), 0, 65535).astype(np.uint16)


def _neighborhood(
    light: np.ndarray, colors: np.ndarray, y: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Light and color of the 48 neighbors of N pixels, N x 48, and their offsets (rows, columns), 48 x 2."""
    reach = _REACH
    padded = np.pad(light, reach, mode="reflect")
    padded_colors = np.pad(colors, reach, mode="reflect")
    span = range(-reach, reach + 1)
    offsets = np.array([(dy, dx) for dy in span for dx in span if dy or dx])
    rows, columns = y[:, None] + reach + offsets[:, 0], x[:, None] + reach + offsets[:, 1]
    return padded[rows, columns], padded_colors[rows, columns], offsets


def _levels(around: np.ndarray, kinds: np.ndarray, adjacent: np.ndarray) -> np.ndarray:
    """N x 8: median, in the neighborhood, of the color of each adjacent pixel."""
    levels = np.zeros_like(around[:, adjacent])
    for kind in np.unique(kinds):
        median = np.nan_to_num(_median_of(around, kinds == kind))
        levels += np.where(kinds[:, adjacent] == kind, median[:, None], 0.0)
    return levels


def _one_green(colors: np.ndarray) -> np.ndarray:
    """Color indices with that of the first green, 1, for the second, 3."""
    return np.where(colors == 3, 1, colors)


def _median_of(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Median of the chosen values of each row; NaN if there are none."""
    ordered = np.sort(np.where(chosen, values, np.inf), axis=1)
    count = chosen.sum(axis=1)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count > 0, middle, np.nan)


def _local_peaks(light: np.ndarray, white: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions of pixels well above their four direct neighbors: a fast preselection."""
    padded = np.pad(light, 1, mode="reflect")
    adjacent = np.maximum(
        np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]), np.maximum(padded[1:-1, :-2], padded[1:-1, 2:])
    )
    return np.nonzero(light > 2.0 * np.maximum(adjacent, 0.0) + 0.01 * white)  # type: ignore[return-value]
