"""Hot pixels: sites of the sensor that shine alone."""

from __future__ import annotations

import numpy as np

__all__ = ["repair_hot_pixels"]

_BLOCK_ROWS = 256
_REACH = 3
# A star or lamp spreads over neighbouring sites of any color; a hot site does not.
_SHARE_OF_NEIGHBOURS = 0.35
_SIGMAS = 8.0


def repair_hot_pixels(mosaic: np.ndarray, colors: np.ndarray, black: np.ndarray, white: float) -> int:
    """Replace hot sites of a mosaic, in place, by the median of their neighbours of the same color.

    A site is hot where it stands out of all sites of its color around it by far more than they scatter, and
    the sites of any color that touch it show nothing of it.

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
    original_above: np.ndarray | None = None
    for top in range(0, height, _BLOCK_ROWS):
        bottom = min(top + _BLOCK_ROWS, height)
        first, last = max(0, top - _REACH), min(height, bottom + _REACH)
        rows = mosaic[first:last].copy()
        if original_above is not None and top > first:
            # The rows above may have been repaired already: judge by what the sensor said.
            rows[: top - first] = original_above[-(top - first) :]
        original_above = mosaic[max(0, bottom - _REACH) : bottom].copy()
        hot, values = _hot(rows, colors[first:last], black, white)
        inside = (hot[0] >= top - first) & (hot[0] < bottom - first)
        mosaic[hot[0][inside] + first, hot[1][inside]] = values[inside]
        repaired += int(inside.sum())
    return repaired


def _hot(
    rows: np.ndarray, colors: np.ndarray, black: np.ndarray, white: float
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Places of hot sites in some rows, and what to put there."""
    light = rows.astype(np.float32) - black.astype(np.float32)[colors]
    candidates = _local_peaks(light, white)
    if not candidates[0].size:
        return candidates, np.zeros(0, np.uint16)
    reach = _REACH
    padded = np.pad(light, reach, mode="reflect")
    padded_colors = np.pad(colors, reach, mode="reflect")
    y, x = candidates
    offsets = [(dy, dx) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1) if dy or dx]
    around = np.stack([padded[y + reach + dy, x + reach + dx] for dy, dx in offsets], axis=1)
    same = np.stack([padded_colors[y + reach + dy, x + reach + dx] for dy, dx in offsets], axis=1)
    same_color = np.where(same == colors[y, x][:, None], around, np.nan)
    enough = np.isfinite(same_color).sum(axis=1) >= 4
    y, x, around, same_color = y[enough], x[enough], around[enough], same_color[enough]
    if not y.size:
        return (y, x), np.zeros(0, np.uint16)
    median = np.nanmedian(same_color, axis=1)
    scatter = 1.4826 * np.nanmedian(np.abs(same_color - median[:, None]), axis=1)
    touching = np.array([max(abs(dy), abs(dx)) == 1 for dy, dx in offsets])
    excess = light[y, x] - median
    second = np.nanmax(same_color, axis=1) - median
    # What touches is of other colors: compared with its own surroundings it must not rise either.
    neighbours = around[:, touching].max(axis=1) - np.median(around, axis=1)
    hot = excess > _SIGMAS * np.maximum(scatter, 0.002 * white)
    hot &= second < _SHARE_OF_NEIGHBOURS * excess
    hot &= neighbours < _SHARE_OF_NEIGHBOURS * excess
    place = (y[hot], x[hot])
    values = median[hot] + black.astype(np.float32)[colors[place]]
    return place, np.clip(np.round(values), 0, 65535).astype(np.uint16)


def _local_peaks(light: np.ndarray, white: float) -> tuple[np.ndarray, np.ndarray]:
    """Sites well above the four that touch them: a cheap sieve before the careful look."""
    padded = np.pad(light, 1, mode="reflect")
    touching = np.maximum(
        np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]), np.maximum(padded[1:-1, :-2], padded[1:-1, 2:])
    )
    return np.nonzero(light > 2.0 * np.maximum(touching, 0.0) + 0.01 * white)  # type: ignore[return-value]
