"""Removal of rings around lamps: near saturated cores, brightness becomes a monotone function of the photo's.

For each channel, the mean of the result at each brightness of the photo is stored in a bilateral grid (Chen,
Paris and Durand 2007) with cells of 16 x 16 pixels and 64 levels of the photo's brightness, smoothed over
neighboring cells. A ring is where such a tone curve decreases although the photo's brightness increases. The
curve is then replaced by a monotone one, the mean of the least monotone curve above it and the greatest below
it, weighted by their pixels. A few pixels of a glow and a large area, such as a bright sky behind a distant
lamp, are different surfaces and stay as they are. Pixels are scaled by the ratio of both curves, which
preserves detail.
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
# Encoded brightness from which a pixel belongs to the lamp.
_GLOW = 0.85

Result = Callable[[np.ndarray, np.ndarray], np.ndarray]
Passes = tuple[Iterable[slice], Iterable[slice], Iterator[int]]


@dataclass(frozen=True)
class LampGrid:
    """Corrections near lamps.

    Attributes:
        gain: rows x columns x 64 x 3 float32, gain of linear light by cell and brightness of the photo.
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
        cores: np.ndarray,
        photo: np.ndarray,
        result: Result,
        passes: Passes,
        darkness: float = 1.0,
    ) -> LampGrid | None:
        """The grid of a whole array; None if there are no saturated areas in the dark.

        Args:
            cores: mask of saturated pixels of the photo, H x W bool.
            photo: denoised maximum channel of the photo, H x W, sRGB-encoded in [0, 1].
            result: function that returns pixels of the result, N x 3, sRGB-encoded, given their rows and
                columns.
            passes: blocks of rows to read in two passes, each of a multiple of 16 rows except the last, and
                steps, which are advanced before each of the following `STEPS` steps.
            darkness: darkness of the frame, 0 to 1, which scales the correction.
        """
        shape = -(-photo.shape[0] // _CELL), -(-photo.shape[1] // _CELL)
        cells = np.zeros(shape, np.float32)
        y, x = np.nonzero(cores)
        cells[y // _CELL, x // _CELL] = 1.0
        surroundings, blocks, steps = passes
        dark = _in_the_dark(photo, surroundings)
        weight = _blurred(dilated(cells * dark, _REACH - 1), 1) * np.float32(darkness)
        if not weight.any():
            return None
        curves, count = _tone_curves(photo, result, blocks, steps, dilated(weight > 0, 3))
        next(steps)
        gain = np.ones_like(curves)
        chosen = weight > 0
        gain[chosen] = _gain(curves[chosen], count[chosen], weight[chosen])
        rings = np.abs(gain - 1.0).max(axis=(2, 3)) > _VISIBLE
        gain[~rings] = 1.0
        return cls(gain, dilated(rings, 1))

    def at(self, photo: np.ndarray, first_row: int) -> np.ndarray | None:
        """Gain of linear light for rows, rows x W x 3; None if no lamp is near.

        Args:
            photo: maximum channel of the photo, rows x W, sRGB-encoded in [0, 1].
            first_row: index of the first row.
        """
        rows, cols = np.arange(first_row, first_row + photo.shape[0]), np.arange(photo.shape[1])
        y, x = np.nonzero(self.near[rows[:, None] // _CELL, cols // _CELL])
        if not y.size:
            return None
        result = np.ones((*photo.shape, 3), np.float32)
        result[y, x] = self._sliced(_place(y + first_row), _place(x), photo[y, x])
        return result

    def _sliced(self, rows: np.ndarray, cols: np.ndarray, photo: np.ndarray) -> np.ndarray:
        """Trilinear interpolation at N positions: N x 3."""
        y, down = _split(rows, self.near.shape[0])
        x, across = _split(cols, self.near.shape[1])
        z, inward = _split(_level(photo), _LEVELS)
        total = np.zeros((*photo.shape, 3), np.float32)
        for dy in (0, 1):
            row = np.minimum(y + dy, self.near.shape[0] - 1)
            share_y = down if dy else 1 - down
            for dx in (0, 1):
                col = np.minimum(x + dx, self.near.shape[1] - 1)
                share = share_y * (across if dx else 1 - across)
                for dz in (0, 1):
                    part = self.gain[row, col, np.minimum(z + dz, _LEVELS - 1)]
                    part *= (share * (inward if dz else 1 - inward))[..., None]
                    total += part
        return total


def _in_the_dark(photo: np.ndarray, blocks: Iterable[slice]) -> np.ndarray:
    """Weight of each cell, 1 in dark surroundings; bright skies and windows in daylight are not lamps."""
    shares, lights = [], []
    for rows in blocks:
        around = (photo[rows] < _GLOW).astype(np.float32)
        shares.append(block_mean(around, _CELL))
        lights.append(block_mean(around * photo[rows], _CELL))
    share, light = (
        box_mean(np.concatenate(means).astype(np.float64), _SURROUNDINGS) for means in (shares, lights)
    )
    return np.asarray(1.0 - smoothstep(_DARK, _LIT, light / np.maximum(share, _EMPTY)))


def _tone_curves(
    photo: np.ndarray, result: Result, blocks: Iterable[slice], steps: Iterator[int], near: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Means of the result by cell, level and channel, smoothed over cells, and their weights."""
    size = near.size * _LEVELS
    count, total = np.zeros(size, np.float32), np.zeros((3, size), np.float32)
    for rows in blocks:
        cells = near[rows.start // _CELL : -(-rows.stop // _CELL)]
        if not cells.any():
            continue
        chosen = near[np.arange(rows.start, rows.stop)[:, None] // _CELL, np.arange(photo.shape[1]) // _CELL]
        y, x = np.nonzero(chosen)
        y += rows.start
        z, share = _split(_level(photo[y, x]), _LEVELS)
        place = ((y // _CELL) * near.shape[1] + x // _CELL) * _LEVELS
        first = int(place.min())
        place += z - first
        length = int(place.max()) + 1
        _add(count, first, np.bincount(place, minlength=length), np.bincount(place, share, length))
        values = result(y, x)
        for channel in range(3):
            value = values[:, channel]
            parts = np.bincount(place, value, length), np.bincount(place, share * value, length)
            _add(total[channel], first, *parts)
    shape = (*near.shape, _LEVELS)
    next(steps)
    count = _blurred(count.reshape(shape), 2)
    means = []
    for plane in total:
        next(steps)
        means.append(_blurred(plane.reshape(shape), 2) / np.maximum(count, _EMPTY))
    return np.stack(means, axis=-1), count


def _add(total: np.ndarray, first: int, whole: np.ndarray, next_share: np.ndarray) -> None:
    """Add sums by level, of which a share belongs to the next level; the top level has no next one."""
    total[first : first + whole.size] += whole - next_share
    stop = min(first + 1 + next_share.size, total.size)
    total[first + 1 : stop] += next_share[: stop - first - 1]


def _gain(curves: np.ndarray, count: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Gain by which curves become monotone.

    Args:
        curves: N x 64 x 3, brightness by level.
        count: N x 64, weights of the levels.
        weight: N, weights of the curves.
    """
    known = (count > _EMPTY)[..., None]
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
    # A large area and a small glow are different surfaces.
    alike = smoothstep(*_ALIKE, np.minimum(below, above) / np.maximum(below + above, _EMPTY))
    return np.asarray(1.0 + weight[:, None, None] * alike * (gain - 1.0), np.float32)


def _count_of_bound(sets: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Count of the last level up to each one that set a bound: N x 64 x 3, from N x 64 x 3 and N x 64."""
    level = np.arange(sets.shape[1])[:, None]
    last = np.maximum.accumulate(np.where(sets, level, 0), axis=1)
    return np.asarray(np.take_along_axis(count[..., None], last, axis=1))


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
