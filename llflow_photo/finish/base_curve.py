"""Base curve, which gives developed RAW files the contrast of camera JPEGs."""

from __future__ import annotations

import numpy as np

from ..color.channels import greatest_channel
from ..color.spaces import decode, encode
from ..photo import Photo

__all__ = ["apply_base_curve", "look_of"]

# Encoded value that does not change, and the slope there.
_PIVOT, _CONTRAST = 0.40, 1.25
_TINY = np.float32(1e-6)


def look_of(look: str, photo: Photo) -> str:
    """Resolve ``auto``: ``standard`` for RAW files, ``neutral`` for others and our own linear DNGs."""
    if look != "auto":
        return look
    facts = photo.metadata.raw
    is_rendering = facts is not None and bool(facts.get("is_rendering", False))
    return "neutral" if facts is None or is_rendering else "standard"


def apply_base_curve(pixels: np.ndarray) -> np.ndarray:
    """S-shaped curve of the maximum channel, by which all three are scaled, to preserve hues.

    Args:
        pixels: ... x 3 float32, linear light; values above white do not change.
    """
    peak = np.maximum(greatest_channel(pixels), _TINY)
    below = np.minimum(peak, 1.0)
    factor = decode(_curve(encode(below, "srgb")), "srgb") / below
    return np.asarray(pixels * np.where(peak < 1.0, factor, np.float32(1.0))[..., None], np.float32)


def _curve(x: np.ndarray) -> np.ndarray:
    """Two power functions, joined at the pivot with equal slope; monotone, 0 to 0, 1 to 1."""
    low = _PIVOT * np.power(np.minimum(x, _PIVOT) / _PIVOT, _CONTRAST)
    high = 1.0 - (1.0 - _PIVOT) * np.power((1.0 - np.maximum(x, _PIVOT)) / (1.0 - _PIVOT), _CONTRAST)
    return np.asarray(np.where(x < _PIVOT, low, high), np.float32)
