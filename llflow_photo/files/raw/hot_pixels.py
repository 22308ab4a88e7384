"""Hot pixels: sites of the sensor that shine alone."""

from __future__ import annotations

import numpy as np

from ...color.binned import median_by_bin

__all__ = ["repair_hot_pixels"]

_BLOCK_ROWS = 256
_REACH = 3
# How far a hot site stands out of the sites of its color around it, in standard deviations.
_SIGMAS = 10.0
# What the greatest of these other sites may have of the hot one's excess: glints come in swarms.
_SHARE_OF_SAME_COLOR = 0.15
# What a touching site, and all eight of them together, may have of it. The image of a point, as sharp as
# lenses draw it (Gaussian, sigma 0.6 pixels), gives 0.25 to a touching site and 1.3 to the eight; the charge
# that leaks from a hot site gives about 0.01 and 0.08.
_SHARE_OF_TOUCHING = 0.05
_SHARE_OF_ALL_TOUCHING = 0.25
# Noise of the other sites that is allowed for besides, in standard deviations.
_ALLOWED_NOISE = 3.0
_FLOOR = 0.002
_NOISE_SAMPLES = 1 << 20
_NOISE_BINS = 24
_ENOUGH = 64
# A normal distribution's standard deviation over its median absolute value.
_MEDIAN_TO_SIGMA = 1.4826


def repair_hot_pixels(mosaic: np.ndarray, colors: np.ndarray, black: np.ndarray, white: float) -> int:
    """Replace hot sites of a mosaic, in place, by the median of their neighbours of the same color.

    A site is hot where it stands out of all sites of its color around it by far more than they scatter, and
    the sites of any color that touch it show no more of it than noise: stars, lamps and glints spread.

    Args:
        mosaic: H x W uint16.
        colors: H x W, index of each site's color.
        black: black level by color index.
        white: saturation level.

    Returns:
        the number of sites repaired.
    """
    repaired = 0
    height = mosaic.shape[0]
    noise = _noise_by_level(mosaic, colors, black, white)
    original_above: np.ndarray | None = None
    for top in range(0, height, _BLOCK_ROWS):
        bottom = min(top + _BLOCK_ROWS, height)
        first, last = max(0, top - _REACH), min(height, bottom + _REACH)
        rows = mosaic[first:last].copy()
        if original_above is not None and top > first:
            # The rows above may have been repaired already: judge by what the sensor said.
            rows[: top - first] = original_above[-(top - first) :]
        original_above = mosaic[max(0, bottom - _REACH) : bottom].copy()
        hot, values = _hot(rows, colors[first:last], black, white, noise)
        inside = (hot[0] >= top - first) & (hot[0] < bottom - first)
        mosaic[hot[0][inside] + first, hot[1][inside]] = values[inside]
        repaired += int(inside.sum())
    return repaired


def _noise_by_level(mosaic: np.ndarray, colors: np.ndarray, black: np.ndarray, white: float) -> np.ndarray:
    """Standard deviation of the frame's noise at 24 levels, equal steps of the square root from 0 to white.

    From differences of sites of one color two columns apart, in at most about a million places. Detail of
    the scene makes them greater: this is an upper bound.
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
    """Places of hot sites in some rows, and what to put there."""
    light = rows.astype(np.float32) - black.astype(np.float32)[colors]
    y, x = _local_peaks(light, white)
    around, kinds, touching = _surroundings(light, colors, y, x)
    same = np.where(kinds == colors[y, x][:, None], around, np.nan)
    enough = np.isfinite(same).sum(axis=1) >= 4
    y, x, around, kinds, same = y[enough], x[enough], around[enough], kinds[enough], same[enough]
    if not y.size:
        return (y, x), np.zeros(0, np.uint16)
    median = np.nanmedian(same, axis=1)
    scatter = _MEDIAN_TO_SIGMA * np.nanmedian(np.abs(same - median[:, None]), axis=1)
    excess = light[y, x] - median
    second = np.nanmax(same, axis=1) - median
    rises = _rises(around, kinds, touching)
    # Not the scatter: in the midst of detail that is far more than noise.
    allowed = _ALLOWED_NOISE * noise[_bin(median, white)]
    hot = excess > _SIGMAS * np.maximum(scatter, _FLOOR * white)
    hot &= second < _SHARE_OF_SAME_COLOR * excess + allowed
    hot &= rises.max(axis=1) < _SHARE_OF_TOUCHING * excess + allowed
    hot &= rises.sum(axis=1) < _SHARE_OF_ALL_TOUCHING * excess
    place = (y[hot], x[hot])
    values = median[hot] + black.astype(np.float32)[colors[place]]
    return place, np.clip(np.round(values), 0, 65535).astype(np.uint16)


def _surroundings(
    light: np.ndarray, colors: np.ndarray, y: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Light and color of the N x 48 sites around N places, and which of the 48 touch."""
    reach = _REACH
    padded = np.pad(light, reach, mode="reflect")
    padded_colors = np.pad(colors, reach, mode="reflect")
    span = range(-reach, reach + 1)
    offsets = np.array([(dy, dx) for dy in span for dx in span if dy or dx])
    rows, columns = y[:, None] + reach + offsets[:, 0], x[:, None] + reach + offsets[:, 1]
    return padded[rows, columns], padded_colors[rows, columns], np.abs(offsets).max(axis=1) == 1


def _rises(around: np.ndarray, kinds: np.ndarray, touching: np.ndarray) -> np.ndarray:
    """N x 8: by how much each touching site is above the median of its own color around the place."""
    rises = around[:, touching].copy()
    for kind in np.unique(kinds):
        median = np.nan_to_num(_median_of(around, kinds == kind))
        rises -= np.where(kinds[:, touching] == kind, median[:, None], 0.0)
    return rises


def _median_of(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Median of each row's chosen values; NaN where there are none."""
    ordered = np.sort(np.where(chosen, values, np.inf), axis=1)
    count = chosen.sum(axis=1)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count > 0, middle, np.nan)


def _local_peaks(light: np.ndarray, white: float) -> tuple[np.ndarray, np.ndarray]:
    """Sites well above the four that touch them: a cheap sieve before the careful look."""
    padded = np.pad(light, 1, mode="reflect")
    touching = np.maximum(
        np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]), np.maximum(padded[1:-1, :-2], padded[1:-1, 2:])
    )
    return np.nonzero(light > 2.0 * np.maximum(touching, 0.0) + 0.01 * white)  # type: ignore[return-value]
