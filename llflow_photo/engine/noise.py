"""Noise fields: deterministic Gaussian values at any place of a photo, white or smooth."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

__all__ = ["smooth_field", "white_noise"]

_CHANNELS = 192
"""Of a latent position: 8 x 8 pixels of 3 colors."""
_BLOCK = 16
"""Latent positions along each side of a block that has one generator."""


def white_noise(seed: int, rows: slice, cols: slice) -> np.ndarray:
    """Independent N(0, 1) in every channel of a block of latent positions.

    Args:
        rows: latent rows (of 8 pixels).
        cols: latent columns.

    Returns:
        192 x rows x cols, float32; in memory the channels come last, as the network has them. Values depend
        on the seed and the place in the photo alone.
    """
    height, width = rows.stop - rows.start, cols.stop - cols.start
    noise = np.empty((height, width, _CHANNELS), np.float32)
    for block_row in range(rows.start // _BLOCK, -(-rows.stop // _BLOCK)):
        for block_col in range(cols.start // _BLOCK, -(-cols.stop // _BLOCK)):
            values = _normals(_bits(seed, 0, block_row, block_col))
            y, x = block_row * _BLOCK - rows.start, block_col * _BLOCK - cols.start
            ys, xs = slice(max(y, 0), min(y + _BLOCK, height)), slice(max(x, 0), min(x + _BLOCK, width))
            noise[ys, xs] = values[ys.start - y : ys.stop - y, xs.start - x : xs.stop - x]
    return noise.transpose(2, 0, 1)


def smooth_field(
    seed: int, coherence: float, rows: slice, cols: slice, height8: int, width8: int
) -> np.ndarray:
    """Two smooth Gaussian fields of unit variance, at the centers of a block of latent positions.

    White values on a coarse lattice, whose cells measure `cell_size` of the photo's longer side, are
    interpolated by a cubic B-spline and divided by the root of the summed squared weights.

    Returns:
        2 x rows x cols, float32.
    """
    cell = cell_size(coherence) * max(height8, width8)
    weights_y, first_y = _spline(rows, height8, cell)
    weights_x, first_x = _spline(cols, width8, cell)
    lattice = _lattice(seed, first_y, weights_y.shape[1], first_x, weights_x.shape[1])
    return np.asarray(weights_y @ lattice @ weights_x.T, np.float32)


def cell_size(coherence: float) -> float:
    """Lattice cells as a share of the photo's longer side: 0 at coherence 0, infinite at 1."""
    return math.inf if coherence == 1 else coherence**2 / (1 - coherence) / 2


def _spline(positions: slice, total: int, cell: float) -> tuple[np.ndarray, int]:
    """Weights of lattice values, positions x values, of unit norm per position, and the first value."""
    centers = np.arange(positions.start, positions.stop) + 0.5
    place = (centers - total / 2) / cell  # from the frame's centre, so infinite cells are constant
    first = math.floor(place[0]) - 1
    count = math.floor(place[-1]) + 3 - first
    distance = np.abs(place[:, None] - (first + np.arange(count)))
    inner = 2 / 3 - distance**2 + distance**3 / 2
    outer = np.clip(2 - distance, 0, None) ** 3 / 6
    weights = np.where(distance < 1, inner, outer)
    weights /= np.sqrt((weights**2).sum(1, keepdims=True))
    return weights.astype(np.float32), first


def _lattice(seed: int, first_y: int, count_y: int, first_x: int, count_x: int) -> np.ndarray:
    """Values of the coarse lattice, 2 x count_y x count_x, float32."""
    values = np.empty((2, count_y, count_x), np.float32)
    for block_row in range(first_y // _BLOCK, (first_y + count_y - 1) // _BLOCK + 1):
        for block_col in range(first_x // _BLOCK, (first_x + count_x - 1) // _BLOCK + 1):
            block = _lattice_block(seed, block_row, block_col)
            y, x = block_row * _BLOCK - first_y, block_col * _BLOCK - first_x
            ys, xs = slice(max(y, 0), min(y + _BLOCK, count_y)), slice(max(x, 0), min(x + _BLOCK, count_x))
            values[:, ys, xs] = block[:, ys.start - y : ys.stop - y, xs.start - x : xs.stop - x]
    return values


@lru_cache(maxsize=1024)
def _lattice_block(seed: int, block_row: int, block_col: int) -> np.ndarray:
    generator = np.random.Generator(_bits(seed, 1, block_row + 2**31, block_col + 2**31))
    return generator.standard_normal((2, _BLOCK, _BLOCK), np.float32)


def _normals(bits: np.random.SFC64) -> np.ndarray:
    """N(0, 1) of a block of positions, 16 x 16 x 192, by Box and Muller's transform (1958).

    Several times as fast as numpy's rejection method, which was a quarter of a rendering's time. Values end
    at 5.8 standard deviations, beyond which one of a hundred million lies.
    """
    whole = bits.random_raw(_BLOCK * _BLOCK * _CHANNELS // 2).view(np.uint32)
    whole >>= 8  # 24 bits are what float32 holds
    first, second = whole.astype(np.float32).reshape(2, -1)
    first += 1
    first *= np.float32(2.0**-24)
    radius = np.log(first, out=first)
    radius *= -2
    np.sqrt(radius, out=radius)
    second *= np.float32(2.0**-23 * math.pi)
    normals = np.empty((2, len(radius)), np.float32)
    np.cos(second, out=normals[0])
    np.sin(second, out=normals[1])
    normals *= radius
    return normals.reshape(_BLOCK, _BLOCK, _CHANNELS)


def _bits(seed: int, stream: int, block_row: int, block_col: int) -> np.random.SFC64:
    return np.random.SFC64(np.random.SeedSequence((seed, stream, block_row, block_col)))
