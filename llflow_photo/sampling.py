"""Fewer pixels of a photo, for statistics of the whole."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

__all__ = ["CellMeans", "row_blocks", "sampling_steps", "subsample"]

_BLOCK_PIXELS = 1 << 15  # a block and its temporaries fit into the processor's cache


def subsample(pixels: np.ndarray, most_pixels: int = 1_000_000) -> np.ndarray:
    """Every n-th row and column of a photo; averaging would change the noise.

    Args:
        pixels: H x W x 3.

    Returns:
        A view of ``pixels``, of at most about ``most_pixels`` pixels, and at least one.
    """
    down, across = sampling_steps((pixels.shape[0], pixels.shape[1]), most_pixels)
    return pixels[down // 2 :: down, across // 2 :: across]


def sampling_steps(shape: tuple[int, int], most_pixels: int) -> tuple[int, int]:
    """The steps of `subsample` along both axes: equal, except in images of fewer rows or columns than that.

    Args:
        shape: height and width.
    """
    step = max(1, math.ceil(math.sqrt(shape[0] * shape[1] / most_pixels)))
    if min(shape) > step:
        return step, step
    step = max(1, math.ceil(shape[0] * shape[1] / most_pixels))
    return (1, step) if shape[0] <= shape[1] else (step, 1)


def row_blocks(shape: tuple[int, int]) -> Iterator[slice]:
    """Rows of an image, a few at a time, in order.

    Args:
        shape: height and width.
    """
    step = max(1, _BLOCK_PIXELS // shape[1])
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


class CellMeans:
    """Means over a grid of equal cells that cover an image, gathered from blocks of its rows.

    Every pixel is read. The cells are those of torch's ``adaptive_avg_pool2d``: adjacent ones share the
    pixels that are not a whole number of cells away from the border.

    Args:
        shape: height and width of the image.
        grid: rows and columns of cells; there can be more of them than pixels.
    """

    def __init__(self, shape: tuple[int, int], grid: tuple[int, int]) -> None:
        self._rows, self._columns = _cells(shape[0], grid[0]), _cells(shape[1], grid[1])
        self._means = np.empty((*grid, 3), np.float32)
        # Sums of rows of cells that were begun; those of all would be large for wide images.
        self._sums: dict[int, np.ndarray] = {}
        self._line = np.zeros((3, shape[1] + 1))  # one more, at which sums can end
        self._read = 0

    def add(self, rows: np.ndarray) -> None:
        """Add the next rows of the image, h x W x 3, float32."""
        first, last = self._read, self._read + len(rows)
        starts, ends = self._rows
        for cell in range(int(np.searchsorted(ends, first, "right")), int(np.searchsorted(starts, last))):
            start, end = max(starts[cell] - first, 0), min(ends[cell], last) - first
            added = rows[start] if end - start == 1 else rows[start:end].sum(0)
            begun = self._sums.pop(cell, None)
            sums = added if begun is None else np.add(begun, added, out=begun)
            if ends[cell] <= last:
                self._finish(cell, sums)
            else:
                self._sums[cell] = np.array(sums) if sums is added else sums
        self._read = last

    def result(self) -> np.ndarray:
        """The means, rows x columns of the grid x 3, float32, once all rows were added."""
        return self._means

    def _finish(self, cell: int, sums: np.ndarray) -> None:
        """Compute the means of a row of cells from the sums of its columns of pixels."""
        starts, ends = self._columns
        pairs = np.stack([starts, ends], 1).ravel()
        self._line[:, :-1] = sums.T
        pixels = (self._rows[1][cell] - self._rows[0][cell]) * (ends - starts)
        self._means[cell] = (np.add.reduceat(self._line, pairs, axis=1)[:, ::2] / pixels).T


def _cells(length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First and one past the last pixel of each of ``count`` cells along an axis."""
    cells = np.arange(count)
    return cells * length // count, -(-(cells + 1) * length // count)
