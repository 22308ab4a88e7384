"""A camera's base curve, which gives developed RAWs the contrast of its JPEGs."""

from __future__ import annotations

import numpy as np

from ..color.channels import greatest_channel
from ..color.spaces import decode, encode
from ..photo import Photo

__all__ = ["apply_base_curve", "look_of"]

# Encoded value that stays, and the slope there.
_PIVOT, _CONTRAST = 0.40, 1.25
_TINY = np.float32(1e-6)


def look_of(look: str, photo: Photo) -> str:
    """``auto`` resolved: ``standard`` for RAW files, ``neutral`` for all else and for our own linear DNGs."""
    if look != "auto":
        return look
    facts = photo.metadata.raw
    is_rendering = facts is not None and bool(facts.get("is_rendering", False))
    return "neutral" if facts is None or is_rendering else "standard"


def apply_base_curve(pixels: np.ndarray) -> np.ndarray:
    """An S-shaped curve on the greatest channel, which scales all three, so hues stay.

    Args:
        pixels: ... x 3 float32, linear light; what is above white stays as it is.
    """
    peak = np.maximum(greatest_channel(pixels), _TINY)
    below = np.minimum(peak, 1.0)
    factor = decode(_curve(encode(below, "srgb")), "srgb") / below
    return np.asarray(pixels * np.where(peak < 1.0, factor, np.float32(1.0))[..., None], np.float32)


def _curve(x: np.ndarray) -> np.ndarray:
    """Two power functions that meet at the pivot with one slope; 0 to 0, 1 to 1, monotone."""
    low = _PIVOT * np.power(np.minimum(x, _PIVOT) / _PIVOT, _CONTRAST)
    high = 1.0 - (1.0 - _PIVOT) * np.power((1.0 - np.maximum(x, _PIVOT)) / (1.0 - _PIVOT), _CONTRAST)
    return np.asarray(np.where(x < _PIVOT, low, high), np.float32)
