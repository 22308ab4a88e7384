"""Lamps without rings: near saturated cores, a rendering gets brighter and darker where its photo does.

The rendering's mean brightness at each brightness of the photo is kept in a bilateral grid (Chen, Paris and
Durand 2007): cells of 16 x 16 pixels times 64 levels of the
photo's brightness, smoothed over the neighboring cells. Where this tone
curve falls although the photo's brightness rises, there is a ring. A monotone curve, the mean of the least
one above and the greatest one below, takes its place. Pixels are scaled by the ratio of both curves, so that
detail stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["LampGrid"]

_CELL = 16
_LEVELS = 64
_REACH = 2
"""How far from a core its curve counts, cells."""
_CORE = 0.97
_EMPTY = 1e-3


@dataclass(frozen=True)
class LampGrid:
    """Corrections near lamps.

    Attributes:
        ratio: rows x columns x 64 float32, factor of the encoded rendering by cell and photo's brightness.
        weight: rows x columns float32, 1 near lamps, 0 away from them.
    """

    ratio: np.ndarray
    weight: np.ndarray

    def factor(self, photo: np.ndarray, first_row: int) -> np.ndarray | None:
        """Factor of the encoded rendering for some rows; None where there is no lamp near.

        Args:
            photo: greatest channel of the photo, rows x W, sRGB-encoded in [0, 1].
            first_row: of these rows.
        """
        rows = (np.arange(photo.shape[0], dtype=np.float32) + first_row + 0.5) / _CELL - 0.5
        cols = (np.arange(photo.shape[1], dtype=np.float32) + 0.5) / _CELL - 0.5
        top = max(0, int(np.floor(rows[0])))
        bottom = min(self.weight.shape[0], int(np.floor(rows[-1])) + 2)
        near = self.weight[top:bottom].max(axis=0) > 0
        if not near.any():
            return None
        columns = np.flatnonzero(near)
        start = max(0, (int(columns[0]) - 1) * _CELL)
        stop = min(photo.shape[1], (int(columns[-1]) + 2) * _CELL)
        result = np.ones(photo.shape, np.float32)
        result[:, start:stop] = self._sliced(rows, cols[start:stop], photo[:, start:stop])
        return result

    def _sliced(self, rows: np.ndarray, cols: np.ndarray, photo: np.ndarray) -> np.ndarray:
        """Trilinear interpolation."""
        y, down = _split(rows, self.weight.shape[0])
        x, across = _split(cols, self.weight.shape[1])
        z, inward = _split(_level(photo), _LEVELS)
        total = np.zeros(photo.shape, np.float32)
        for dy in (0, 1):
            row = np.minimum(y + dy, self.weight.shape[0] - 1)
            share_y = (down if dy else 1 - down)[:, None]
            for dx in (0, 1):
                col = np.minimum(x + dx, self.weight.shape[1] - 1)
                share = share_y * (across if dx else 1 - across)
                for dz in (0, 1):
                    values = self.ratio[row[:, None], col, np.minimum(z + dz, _LEVELS - 1)]
                    total += share * (inward if dz else 1 - inward) * values
        return total

    @classmethod
    def of(cls, photo: np.ndarray, rendering: np.ndarray) -> LampGrid | None:
        """The grid of a whole array, None where nothing in the photo is saturated.

        Args:
            photo: greatest channel, H x W, sRGB-encoded in [0, 1].
            rendering: the same of the rendering.
        """
        core = photo >= _CORE
        if not core.any():
            return None
        shape = -(-photo.shape[0] // _CELL), -(-photo.shape[1] // _CELL)
        cores = np.zeros(shape, np.float32)
        y, x = np.nonzero(core)
        cores[y // _CELL, x // _CELL] = 1.0
        weight = _blurred(_dilated(cores, _REACH), 1)
        near = np.repeat(np.repeat(_dilated(weight > 0, 2), _CELL, 0), _CELL, 1)
        chosen = near[: photo.shape[0], : photo.shape[1]]
        curve, count = _tone_curves(photo, rendering, chosen.astype(bool), shape)
        return cls(_ratio(curve, count, weight), weight)


def _tone_curves(
    photo: np.ndarray, rendering: np.ndarray, chosen: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the rendering by cell and level, smoothed over cells and levels, and the weight it rests on."""
    y, x = np.nonzero(chosen)
    z, share = _split(_level(photo[y, x]), _LEVELS)
    cells = ((y // _CELL) * shape[1] + x // _CELL) * _LEVELS
    size = shape[0] * shape[1] * _LEVELS
    values = rendering[y, x]
    upper = cells + np.minimum(z + 1, _LEVELS - 1)
    count = np.bincount(cells + z, 1 - share, size) + np.bincount(upper, share, size)
    total = np.bincount(cells + z, (1 - share) * values, size) + np.bincount(upper, share * values, size)
    count = _blurred(count.reshape(*shape, _LEVELS), 2)
    total = _blurred(total.reshape(*shape, _LEVELS), 2)
    return total / np.maximum(count, _EMPTY), count


def _ratio(curve: np.ndarray, count: np.ndarray, weight: np.ndarray) -> np.ndarray:
    known = count > _EMPTY
    upward = np.maximum.accumulate(np.where(known, curve, -1.0), axis=-1)
    downward = np.minimum.accumulate(np.where(known, curve, 2.0)[..., ::-1], axis=-1)[..., ::-1]
    monotone = 0.5 * (upward + downward)
    ratio = np.where(known, monotone / np.maximum(curve, 0.02), 1.0)
    return np.asarray(1.0 + weight[..., None] * (ratio - 1.0), np.float32)


def _level(photo: np.ndarray) -> np.ndarray:
    """Place on the axis of brightness, finer in the shadows."""
    return np.asarray(np.sqrt(photo) * np.float32(_LEVELS - 1))


def _split(places: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    places = np.clip(places, 0, length - 1)
    first = places.astype(np.intp)
    return first, np.asarray(places - first, np.float32)


def _dilated(plane: np.ndarray, reach: int) -> np.ndarray:
    """Greatest value within ``reach`` cells."""
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        padded = np.pad(plane, pad)
        length = plane.shape[axis]
        plane = np.max([np.take(padded, range(s, s + length), axis) for s in range(2 * reach + 1)], axis=0)
    return np.asarray(plane)


def _blurred(grid: np.ndarray, times: int) -> np.ndarray:
    """(1 2 1) / 4 over cells, some times."""
    for _ in range(times):
        for axis in (0, 1):
            pad = [(0, 0)] * grid.ndim
            pad[axis] = (1, 1)
            padded = np.pad(grid, pad, mode="edge")
            length = grid.shape[axis]
            low, middle, high = (np.take(padded, range(s, s + length), axis) for s in range(3))
            grid = (low + 2.0 * middle + high) / 4.0
    return np.asarray(grid)
