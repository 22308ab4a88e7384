"""Removal of rings around lamps: near saturated cores, channels become monotone functions of the photo's.

For each channel, the mean of the result at each value of this channel of the photo is stored in a bilateral
grid (Chen, Paris and Durand 2007) with cells of 16 x 16 pixels and 64 levels of the photo's values, smoothed
over neighboring cells. A ring is where such a tone curve decreases although the photo's values increase. The
curve is then replaced by a monotone one, the mean of the least monotone curve above it and the greatest below
it, weighted by their pixels. A few pixels of a glow and a large area, such as a bright sky behind a distant
lamp, are different surfaces and stay as they are. Pixels are scaled by the ratio of both curves, which
preserves detail. Levels of a common brightness instead of each channel's own would mix colors: a blue sign
would become gray, since gray surfaces of the same brightness have more red.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..color.guided import box_mean
from ..color.highlights import smoothstep
from ..color.spaces import decode
from .planes import block_mean, dilated

__all__ = ["LampGrid"]

_CELL = 16
_LEVELS = 64
_REACH = 3
"""Distance from a core within which its curve is used, cells."""
_EMPTY = 1e-3
_DARKEST = 0.02
# Change of light that is considered a ring.
_VISIBLE = 0.01
# Mean encoded brightness around lamps, and around other saturated areas; and the radius of the mean, cells.
_DARK, _LIT, _SURROUNDINGS = 0.42, 0.52, 4
# Share of the pixels of the smaller of two areas up to which their order is not a ring, and from which it is.
_ALIKE = 0.02, 0.1
# Pixels per cell of the smaller one, smoothed over cells, up to which it is none, and from which it is.
_FEW = 0.5, 2.0
# Encoded brightness from which a pixel belongs to the lamp.
_GLOW = 0.85

Level = Callable[[slice], np.ndarray]
Result = Callable[[np.ndarray, np.ndarray], np.ndarray]
Passes = tuple[Iterable[slice], Iterable[slice], Iterator[int]]


@dataclass(frozen=True)
class LampGrid:
    """Corrections near lamps.

    Attributes:
        gain: rows x columns x 64 x 3 float32, gain of linear light by cell, value of the photo and channel.
        near: rows x columns bool, cells with pixels whose gain may differ from 1.
    """

    CORE: ClassVar[float] = 0.97
    """Maximum channel of saturated pixels."""
    STEPS: ClassVar[int] = 5
    """Number of steps after the passes over the photo."""

    gain: np.ndarray
    near: np.ndarray

    @classmethod
    def of(
        cls,
        peak: np.ndarray,
        level: Level,
        result: Result,
        passes: Passes,
        darkness: float = 1.0,
    ) -> LampGrid | None:
        """The grid of a whole array; None if there are no saturated areas in the dark.

        Args:
            peak: maximum channel of the photo, H x W, sRGB-encoded in [0, 1].
            level: function that returns rows of the photo, slightly denoised: rows x W x 3, sRGB-encoded in
                [0, 1].
            result: function that returns pixels of the result, N x 3, sRGB-encoded, given their rows and
                columns.
            passes: blocks of rows to read in two passes, each of a multiple of 16 rows except the last, and
                steps, which are advanced before each of the following `STEPS` steps.
            darkness: darkness of the frame, 0 to 1, which scales the correction.
        """
        shape = -(-peak.shape[0] // _CELL), -(-peak.shape[1] // _CELL)
        cells = np.zeros(shape, np.float32)
        y, x = np.nonzero(peak >= cls.CORE)
        if not y.size:
            return None
        cells[y // _CELL, x // _CELL] = 1.0
        surroundings, blocks, steps = passes
        dark = _in_the_dark(peak, surroundings)
        weight = _blurred(dilated(cells * dark, _REACH - 1), 1) * np.float32(darkness)
        if not weight.any():
            return None
        near = dilated(weight > 0, 3)
        curves, count = _tone_curves(level, result, blocks, steps, near, peak.shape[1])
        next(steps)
        gain = np.ones_like(curves)
        chosen = weight > 0
        gain[chosen] = _gain(curves[chosen], count[chosen], weight[chosen])
        rings = np.abs(gain - 1.0).max(axis=(2, 3)) > _VISIBLE
        gain[~rings] = 1.0
        return cls(gain, dilated(rings, 1))

    def at(self, level: Level, rows: slice, width: int) -> np.ndarray | None:
        """Gain of linear light for rows, rows x W x 3; None if no lamp is near.

        Args:
            level: see `of`.
            width: W.
        """
        y, x = _pixels_of(self.near, rows, width)
        if not y.size:
            return None
        photo = level(rows)
        result = np.ones(photo.shape, np.float32)
        result[y, x] = self._sliced(_place(y + rows.start), _place(x), photo[y, x])
        return result

    def _sliced(self, rows: np.ndarray, cols: np.ndarray, photo: np.ndarray) -> np.ndarray:
        """Trilinear interpolation at N positions of N x 3 values: N x 3."""
        y, down = _split(rows[:, None], self.near.shape[0])
        x, across = _split(cols[:, None], self.near.shape[1])
        z, inward = _split(_level(photo), _LEVELS)
        channels = np.arange(3)
        total = np.zeros(photo.shape, np.float32)
        for dy in (0, 1):
            row = np.minimum(y + dy, self.near.shape[0] - 1)
            share_y = down if dy else 1 - down
            for dx in (0, 1):
                col = np.minimum(x + dx, self.near.shape[1] - 1)
                share = share_y * (across if dx else 1 - across)
                for dz in (0, 1):
                    part = self.gain[row, col, np.minimum(z + dz, _LEVELS - 1), channels]
                    part *= share * (inward if dz else 1 - inward)
                    total += part
        return total


def _pixels_of(cells: np.ndarray, rows: slice, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows, from the first of ``rows``, and columns of the pixels in the marked cells."""
    marked = cells[rows.start // _CELL : -(-rows.stop // _CELL)]
    if not marked.any():
        return np.empty(0, np.intp), np.empty(0, np.intp)
    y = np.arange(rows.start, rows.stop)[:, None] // _CELL
    found_y, found_x = np.nonzero(cells[y, np.arange(width) // _CELL])
    return found_y, found_x


def _in_the_dark(peak: np.ndarray, blocks: Iterable[slice]) -> np.ndarray:
    """Weight of each cell, 1 in dark surroundings; bright skies and windows in daylight are not lamps."""
    shares, lights = [], []
    for rows in blocks:
        around = (peak[rows] < _GLOW).astype(np.float32)
        shares.append(block_mean(around, _CELL))
        lights.append(block_mean(around * peak[rows], _CELL))
    share, light = (
        box_mean(np.concatenate(means).astype(np.float64), _SURROUNDINGS) for means in (shares, lights)
    )
    return np.asarray(1.0 - smoothstep(_DARK, _LIT, light / np.maximum(share, _EMPTY)))


def _tone_curves(
    level: Level,
    result: Result,
    blocks: Iterable[slice],
    steps: Iterator[int],
    near: np.ndarray,
    width: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Means of the result by cell, level and channel, smoothed over cells, and their weights."""
    size = near.size * _LEVELS
    count, total = np.zeros((3, size), np.float32), np.zeros((3, size), np.float32)
    for rows in blocks:
        y, x = _pixels_of(near, rows, width)
        if not y.size:
            continue
        levels = _level(level(rows)[y, x])
        y += rows.start
        values = result(y, x)
        cell = ((y // _CELL) * near.shape[1] + x // _CELL) * _LEVELS
        first = int(cell.min())
        cell -= first
        for channel in range(3):
            z, share = _split(levels[:, channel], _LEVELS)
            place, value = cell + z, values[:, channel]
            length = int(place.max()) + 1
            counts = np.bincount(place, minlength=length), np.bincount(place, share, length)
            _add(count[channel], first, *counts)
            parts = np.bincount(place, value, length), np.bincount(place, share * value, length)
            _add(total[channel], first, *parts)
    next(steps)
    means, counted = [], []
    for plane, weights in zip(total, count, strict=True):
        next(steps)
        counted.append(_blurred(weights.reshape((*near.shape, _LEVELS)), 2))
        means.append(_blurred(plane.reshape((*near.shape, _LEVELS)), 2) / np.maximum(counted[-1], _EMPTY))
    return np.stack(means, axis=-1), np.stack(counted, axis=-1)


def _add(total: np.ndarray, first: int, whole: np.ndarray, next_share: np.ndarray) -> None:
    """Add sums by level, of which a share belongs to the next level; the top level has no next one."""
    total[first : first + whole.size] += whole - next_share
    stop = min(first + 1 + next_share.size, total.size)
    total[first + 1 : stop] += next_share[: stop - first - 1]


def _gain(curves: np.ndarray, count: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Gain by which curves become monotone.

    Args:
        curves: N x 64 x 3, brightness by level.
        count: N x 64 x 3, weights of the levels.
        weight: N, weights of the curves.
    """
    known = count > _EMPTY
    lower, upper = np.where(known, curves, -1.0), np.where(known, curves, 2.0)[:, ::-1]
    upward, downward = np.maximum.accumulate(lower, axis=1), np.minimum.accumulate(upper, axis=1)
    # Each by the number of pixels that require it: a few of a glow do not change a sky.
    below = _count_of_bound(lower == upward, count)
    above = _count_of_bound(upper == downward, count[:, ::-1])[:, ::-1]
    downward = downward[:, ::-1]
    monotone = (below * upward + above * downward) / np.maximum(below + above, _EMPTY)
    monotone = np.where(known, np.maximum.accumulate(np.where(known, monotone, -1.0), axis=1), 1.0)
    curves = np.where(known, curves, 1.0)
    gain = decode(np.maximum(monotone, _DARKEST), "srgb") / decode(np.maximum(curves, _DARKEST), "srgb")
    # A large area and a small glow are different surfaces, and so may be single pixels.
    fewer = np.minimum(below, above)
    alike = smoothstep(*_ALIKE, fewer / np.maximum(below + above, _EMPTY)) * smoothstep(*_FEW, fewer)
    return np.asarray(1.0 + weight[:, None, None] * alike * (gain - 1.0), np.float32)


def _count_of_bound(sets: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Count of the last level up to each one that set a bound: N x 64 x 3, from N x 64 x 3 both."""
    level = np.arange(sets.shape[1])[:, None]
    last = np.maximum.accumulate(np.where(sets, level, 0), axis=1)
    return np.asarray(np.take_along_axis(count, last, axis=1))


def _place(pixels: np.ndarray) -> np.ndarray:
    """Positions of pixels relative to the centers of cells."""
    return np.asarray((pixels + 0.5) / _CELL - 0.5, np.float32)


def _level(photo: np.ndarray) -> np.ndarray:
    """Position on the axis of brightness, which is finer in the shadows."""
    return np.asarray(np.sqrt(photo) * np.float32(_LEVELS - 1))


def _split(places: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    places = np.clip(places, 0, length - 1)
    first = places.astype(np.intp)
    return first, np.asarray(places - first, np.float32)


def _blurred(grid: np.ndarray, times: int) -> np.ndarray:
    """Smooth over cells by repeated (1 2 1) / 4 filters."""
    for _ in range(times):
        for axis in (0, 1):
            cells = np.moveaxis(grid, axis, 0)
            smooth = cells * grid.dtype.type(2)
            smooth[1:] += cells[:-1]
            smooth[:-1] += cells[1:]
            smooth[0] += cells[0]
            smooth[-1] += cells[-1]
            smooth *= grid.dtype.type(0.25)
            grid = np.moveaxis(smooth, 0, axis)
    return np.ascontiguousarray(grid)
