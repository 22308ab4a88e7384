"""Small filters on planes (H x W float32): box means, block means, linear interpolation, guided fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..color.guided import box_mean

__all__ = [
    "LUMA",
    "QUARTER",
    "GuidedFit",
    "block_mean",
    "box_mean_inside",
    "dilated",
    "interpolated",
    "luma",
    "quarter_places",
    "small_box_mean",
]

QUARTER = 4
"""Pixels per side of a pixel of a quarter-size plane."""
LUMA = (0.2126, 0.7152, 0.0722)
"""ITU-R BT.709 weights of red, green and blue."""


def luma(pixels: np.ndarray) -> np.ndarray:
    """ITU-R BT.709 luma of ... x 3 sRGB-encoded values: ..., float32."""
    plane = pixels[..., 1] * np.float32(LUMA[1])
    plane += pixels[..., 0] * np.float32(LUMA[0])
    plane += pixels[..., 2] * np.float32(LUMA[2])
    return np.asarray(plane, np.float32)


def dilated(plane: np.ndarray, reach: int) -> np.ndarray:
    """Maximum within ``reach`` rows and columns, h x w."""
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        padded = np.pad(plane, pad)
        length = plane.shape[axis]
        plane = np.max([np.take(padded, range(s, s + length), axis) for s in range(2 * reach + 1)], axis=0)
    return np.asarray(plane)


def small_box_mean(plane: np.ndarray, radius: int) -> np.ndarray:
    """Mean over windows of side 2 radius + 1, with edge pixels repeated; fast for small radii."""
    return box_mean_inside(np.pad(plane, radius, mode="edge"), radius)


def box_mean_inside(plane: np.ndarray, radius: int) -> np.ndarray:
    """Mean over windows of side 2 radius + 1 that lie inside the plane: H - 2 radius x W - 2 radius."""
    height, width = (side - 2 * radius for side in plane.shape)
    total = plane[:height] + plane[1 : 1 + height]
    for start in range(2, 2 * radius + 1):
        total += plane[start : start + height]
    mean: np.ndarray = total[:, :width] + total[:, 1 : 1 + width]
    for start in range(2, 2 * radius + 1):
        mean += total[:, start : start + width]
    mean *= np.float32(1.0 / (2 * radius + 1) ** 2)
    return mean


def block_mean(plane: np.ndarray, side: int, across: int | None = None) -> np.ndarray:
    """Means of blocks of ``side`` x ``side`` pixels, edges repeated: ceil(H / side) x ceil(W / side).

    Args:
        plane: H x W, or H x W x channels.
        across: width of the blocks, if it differs from their height ``side``.
    """
    across = side if across is None else across
    height, width = plane.shape[:2]
    pad = [(0, -height % side), (0, -width % across), (0, 0)][: plane.ndim]
    if any(after for _, after in pad):
        plane = np.pad(plane, pad, mode="edge")
    rows = plane[0::side].copy()
    for start in range(1, side):
        rows += plane[start::side]
    columns = rows[:, 0::across].copy()
    for start in range(1, across):
        columns += rows[:, start::across]
    columns *= np.float32(1.0 / (side * across))
    return np.asarray(columns, np.float32)


def interpolated(plane: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Interpolate a plane linearly at fractional positions, with edge pixels repeated.

    Args:
        plane: h x w float32; pixel centers are at integers.
        rows, cols: H and W positions; the result is H x W.
    """
    top, down = _neighbors(rows, plane.shape[0])
    left, across = _neighbors(cols, plane.shape[1])
    lower = np.minimum(top + 1, plane.shape[0] - 1)
    right = np.minimum(left + 1, plane.shape[1] - 1)
    lines = plane[top] + (plane[lower] - plane[top]) * down[:, None]
    start, result = lines.take(left, axis=1), lines.take(right, axis=1)
    result -= start
    result *= across
    result += start
    return np.asarray(result, np.float32)


def _neighbors(places: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    places = np.clip(places, 0, length - 1)
    first = np.floor(places).astype(np.intp)
    return first, (places - first).astype(np.float32)


def quarter_places(start: int, stop: int) -> np.ndarray:
    """Positions of the centers of pixels ``start`` to ``stop`` on a quarter-size plane."""
    return np.asarray((np.arange(start, stop) + 0.5) / QUARTER - 0.5, np.float32)


@dataclass(frozen=True)
class GuidedFit:
    """A quarter-size plane as local linear functions of a guide, for upsampling with the edges of the guide.

    The fast guided filter (He and Sun 2015, arXiv:1505.00996).

    Attributes:
        slope, offset: h x w float32.
    """

    slope: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(
        cls,
        target: np.ndarray,
        guide: np.ndarray,
        radius: int,
        epsilon: float,
        weight: np.ndarray | None = None,
    ) -> GuidedFit:
        """Fit ``target = slope * guide + offset`` in windows of side 2 radius + 1 (both h x w).

        Args:
            weight: h x w, positive weights of the pixels in the fits; by default all count alike.
        """
        x, y = guide.astype(np.float64), target.astype(np.float64)
        share = 1.0 if weight is None else weight.astype(np.float64)
        whole = 1.0 if weight is None else box_mean(np.asarray(share), radius)

        def mean(values: np.ndarray) -> np.ndarray:
            return np.asarray(box_mean(values * share, radius) / whole)

        mean_x, mean_y = mean(x), mean(y)
        slope = (mean(x * y) - mean_x * mean_y) / (mean(x * x) - mean_x * mean_x + epsilon)
        offset = mean_y - slope * mean_x
        return cls(box_mean(slope, radius).astype(np.float32), box_mean(offset, radius).astype(np.float32))

    def of_guide(self, guide: np.ndarray) -> np.ndarray:
        """The plane at quarter size, limited to [0, 1]."""
        return np.asarray(np.clip(self.slope * guide + self.offset, 0.0, 1.0))

    def at(self, guide: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
        """Rows and columns of the plane at full size, given those of the guide at full size."""
        down = quarter_places(rows.start, rows.stop)
        across = quarter_places(columns.start, columns.stop)
        result = interpolated(self.slope, down, across)
        result *= guide
        result += interpolated(self.offset, down, across)
        return result
