"""Conversions for statistics: as those of `spaces` to float rounding, in a fraction of their time.

The line and the power of the curve of sRGB are added instead of selected, because selection by a mask of
noise is slow, and numpy's logarithm and exponential are faster than its power. The difference is below 2e-6
of the value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .spaces import SRGB, ColorSpace, conversion_matrix, decode

__all__ = ["encoded_light", "linear_light", "linear_srgb", "view_of"]

_KNEE, _LINEAR_KNEE = np.float32(0.04045), np.float32(0.0031308)
"""Below it, the curve of sRGB is a line."""


def linear_light(encoded: np.ndarray) -> np.ndarray:
    """`spaces.decode` of sRGB-encoded values of any shape, float32; a new array."""
    return _mirrored(encoded, _positive_linear)


def encoded_light(linear: np.ndarray) -> np.ndarray:
    """`spaces.encode` of linear values of any shape, float32, to sRGB; a new array."""
    return _mirrored(linear, _positive_encoded)


def linear_srgb(pixels: np.ndarray, space: ColorSpace) -> np.ndarray:
    """`spaces.convert` of pixels, ... x 3 float32, to linear sRGB, not clipped; a new array."""
    linear = linear_light(pixels) if space.transfer == "srgb" else decode(pixels, space.transfer)
    if space.primaries == SRGB.primaries and space.white == SRGB.white:
        return linear
    return np.asarray(linear @ conversion_matrix(space, SRGB).T.astype(np.float32))


def view_of(pixels: np.ndarray, space: ColorSpace) -> np.ndarray:
    """Pixels, ... x 3 float32, as the network sees them: sRGB-encoded, clipped to [0, 1]; a new array."""
    if space == SRGB:
        return np.asarray(np.clip(pixels, 0.0, 1.0))
    linear = linear_srgb(pixels, space)
    return encoded_light(np.clip(linear, 0.0, 1.0, out=linear))


def _mirrored(values: np.ndarray, curve: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    if values.min() >= 0.0:
        return curve(values)
    curved = curve(np.abs(values))
    np.copysign(curved, values, out=curved)
    return curved


def _positive_linear(encoded: np.ndarray) -> np.ndarray:
    curved = _power_of_encoded(np.maximum(encoded, _KNEE))
    curved -= _power_of_encoded(np.full(1, _KNEE))
    low = np.minimum(encoded, _KNEE)
    low *= np.float32(1 / 12.92)
    curved += low
    return curved


def _positive_encoded(linear: np.ndarray) -> np.ndarray:
    curved = _power_of_linear(np.maximum(linear, _LINEAR_KNEE))
    curved -= _power_of_linear(np.full(1, _LINEAR_KNEE))
    low = np.minimum(linear, _LINEAR_KNEE)
    low *= np.float32(12.92)
    curved += low
    return curved


def _power_of_encoded(values: np.ndarray) -> np.ndarray:
    """((value + 0.055) / 1.055)^2.4, in place."""
    values += np.float32(0.055)
    values *= np.float32(1 / 1.055)
    np.log(values, out=values)
    values *= np.float32(2.4)
    np.exp(values, out=values)
    return values


def _power_of_linear(values: np.ndarray) -> np.ndarray:
    """1.055 value^(1 / 2.4), in place."""
    np.log(values, out=values)
    values *= np.float32(1 / 2.4)
    np.exp(values, out=values)
    values *= np.float32(1.055)
    return values
