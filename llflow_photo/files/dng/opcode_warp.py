"""DNG opcodes for geometric corrections: distortion and lateral chromatic aberration of the lens.

Source: Adobe, Digital Negative Specification 1.7.1, chapter "Opcode List Processing".
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

__all__ = ["resample", "warp_fisheye", "warp_rectilinear", "warp_rectilinear_2"]

_BLOCK_PIXELS = 1 << 14  # a block and its temporaries fit into the processor's cache
# Maps squared distance from the center, and offsets (x, y) from it, to the offsets of the source.
_Model = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def warp_rectilinear(pixels: np.ndarray, data: bytes) -> np.ndarray:
    """Radial polynomial of even powers, and tangential distortion (WarpRectilinear)."""
    planes, center = _head(data, 6, pixels.shape[2])

    def model(plane: np.ndarray) -> _Model:
        *radial, t0, t1 = (float(v) for v in plane)

        def source(square: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            factor = _horner(radial, square)
            return _tangential(factor, square, x, y, t0, t1)

        return source

    return _warp(pixels, [model(plane) for plane in planes], center)


def warp_rectilinear_2(pixels: np.ndarray, data: bytes) -> np.ndarray:
    """Radial polynomial of 15 terms within a range of radii (WarpRectilinear2, DNG 1.6)."""
    planes, center = _head(data, 19, pixels.shape[2])
    (reciprocal,) = struct.unpack_from(">I", data, 4 + 8 * (19 * len(planes) + 2))

    def model(plane: np.ndarray) -> _Model:
        radial, (t0, t1, low, high) = [float(v) for v in plane[:15]], (float(v) for v in plane[15:])

        def source(square: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            factor = _horner(radial, np.clip(np.sqrt(square), low, max(low, high)))
            if reciprocal:
                factor = 1.0 / np.where(np.abs(factor) > 1e-6, factor, 1.0)
            return _tangential(factor, square, x, y, t0, t1)

        return source

    return _warp(pixels, [model(plane) for plane in planes], center)


def warp_fisheye(pixels: np.ndarray, data: bytes) -> np.ndarray:
    """From a fisheye's projection to a rectilinear one (WarpFisheye)."""
    planes, center = _head(data, 4, pixels.shape[2])

    def model(plane: np.ndarray) -> _Model:
        factors = [float(v) for v in plane]

        def source(square: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            radius = np.sqrt(square)
            angle = np.arctan(radius)
            # At the center the angle equals the radius.
            ratio = np.where(radius > 1e-6, angle / np.maximum(radius, 1e-6), 1.0)
            factor = ratio * _horner(factors, angle**2)
            return factor * x, factor * y

        return source

    return _warp(pixels, [model(plane) for plane in planes], center)


def _head(data: bytes, per_plane: int, channels: int) -> tuple[np.ndarray, tuple[float, float]]:
    """Parameters by plane (one set, or one per channel), and the center as fractions of width and height."""
    (count,) = struct.unpack_from(">I", data)
    if count not in (1, channels):
        raise ValueError(f"it has parameters for {count} planes of {channels}")
    numbers = np.frombuffer(data, ">f8", count * per_plane + 2, 4)
    if not np.isfinite(numbers).all():
        raise ValueError("a number is not finite")
    return numbers[:-2].reshape(count, per_plane), (float(numbers[-2]), float(numbers[-1]))


def _horner(factors: list[float], x: np.ndarray) -> np.ndarray:
    out = np.zeros_like(x)
    for factor in reversed(factors):
        out = out * x + factor
    return out


def _tangential(
    factor: np.ndarray, square: np.ndarray, x: np.ndarray, y: np.ndarray, t0: float, t1: float
) -> tuple[np.ndarray, np.ndarray]:
    moved_x = t0 * 2 * x * y + t1 * (square + 2 * x**2)
    moved_y = t1 * 2 * x * y + t0 * (square + 2 * y**2)
    return factor * x + moved_x, factor * y + moved_y


def _warp(pixels: np.ndarray, models: list[_Model], center: tuple[float, float]) -> np.ndarray:
    """Resample pixels by a model of source positions; the distance of the farthest corner is 1."""
    height, width, channels = pixels.shape
    center_x, center_y = center[0] * (width - 1), center[1] * (height - 1)
    far_x, far_y = max(center_x, width - 1 - center_x), max(center_y, height - 1 - center_y)
    unit = float(np.hypot(far_x, far_y))
    out = np.empty_like(pixels)
    step = max(1, _BLOCK_PIXELS // width)
    x = ((np.arange(width) - center_x) / unit)[None]
    planes = (
        [slice(index, index + 1) for index in range(channels)] if len(models) > 1 else [slice(0, channels)]
    )
    sources = [np.ascontiguousarray(pixels[..., plane]) for plane in planes]
    for start in range(0, height, step):
        rows = slice(start, min(start + step, height))
        y = ((np.arange(rows.start, rows.stop) - center_y) / unit)[:, None]
        square = x**2 + y**2
        for index, (model, plane) in enumerate(zip(models, planes, strict=True)):
            source_x, source_y = model(square, x, y)
            places = center_y + unit * source_y, center_x + unit * source_x
            out[rows, :, plane] = resample(sources[index], *np.broadcast_arrays(*places))
    return out


def resample(pixels: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Interpolate by cubic convolution (Keys 1981, a = -1/2); edge pixels are repeated beyond the border.

    Args:
        pixels: H x W x C float32.
        y, x: positions, h x w, in pixels.

    Returns:
        h x w x C float32.
    """
    height, width = pixels.shape[:2]
    y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    down, across = _cubic_weights(y - top), _cubic_weights(x - left)
    columns = [np.clip(left + offset, 0, width - 1) for offset in (-1, 0, 1, 2)]
    flat = pixels.reshape(height * width, pixels.shape[2])
    out = np.zeros((*y.shape, pixels.shape[2]), np.float32)
    for row_weight, offset in zip(down, (-1, 0, 1, 2), strict=True):
        rows = np.clip(top + offset, 0, height - 1) * width
        line = np.zeros_like(out)
        for column_weight, column in zip(across, columns, strict=True):
            line += column_weight[..., None] * flat.take(rows + column, axis=0)
        line *= row_weight[..., None]
        out += line
    return out


def _cubic_weights(t: np.ndarray) -> tuple[np.ndarray, ...]:
    t = t.astype(np.float32)
    return (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
