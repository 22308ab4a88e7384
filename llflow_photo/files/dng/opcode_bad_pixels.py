"""DNG opcodes for bad pixels, which are replaced by the mean of good neighbors of the same color.

Source: Adobe, Digital Negative Specification 1.7.1, chapter "Opcode List Processing".
"""

from __future__ import annotations

import struct

import numpy as np

from .opcode_points import Grid

__all__ = ["fix_constant", "fix_list"]

_RINGS = 4


def fix_constant(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Replace all pixels with a certain raw value (FixBadPixelsConstant)."""
    constant, _phase = struct.unpack_from(">2I", data)
    _replace(pixels, (pixels == np.float32(constant * grid.unit / 65535.0)).any(axis=2), grid)


def fix_list(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Replace listed pixels and rectangles (FixBadPixelsList)."""
    _phase, points, rectangles = struct.unpack_from(">3I", data)
    places = np.frombuffer(data, ">u4", 2 * points, 12).reshape(-1, 2).astype(np.int64) // grid.step
    bounds = np.frombuffer(data, ">u4", 4 * rectangles, 12 + 8 * points).reshape(-1, 4)
    height, width = pixels.shape[:2]
    bad = np.zeros((height, width), bool)
    inside = places[(places[:, 0] < height) & (places[:, 1] < width)]
    bad[inside[:, 0], inside[:, 1]] = True
    for top, left, bottom, right in (bounds // grid.step).tolist():
        bad[top:bottom, left:right] = True
    _replace(pixels, bad, grid)


def _replace(pixels: np.ndarray, bad: np.ndarray, grid: Grid) -> None:
    """Replace bad pixels, in place, by the mean of the nearest good pixels of the same color.

    These are the four direct neighbors, else the diagonal ones, else those at greater distances.
    """
    y, x = np.nonzero(bad)
    height, width = bad.shape
    if y.size == bad.size:
        return
    original = pixels
    for distance in range(1, _RINGS + 1):
        reach = distance * grid.period
        for offsets in (((0, -1), (0, 1), (-1, 0), (1, 0)), ((-1, -1), (-1, 1), (1, -1), (1, 1))):
            total = np.zeros((y.size, pixels.shape[2]), np.float64)
            count = np.zeros(y.size, np.int64)
            for dy, dx in offsets:
                rows, columns = y + dy * reach, x + dx * reach
                good = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
                good[good] = ~bad[rows[good], columns[good]]
                total[good] += original[rows[good], columns[good]]
                count += good
            found = count > 0
            pixels[y[found], x[found]] = total[found] / count[found, None]
            y, x = y[~found], x[~found]
            if not y.size:
                return
