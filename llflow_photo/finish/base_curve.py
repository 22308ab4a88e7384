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
    factor = decode(_curve(encode(below, "srgb")), "srgb")
    factor /= below
    factor[peak >= 1.0] = 1.0
    out = np.empty(pixels.shape, np.float32)
    for channel in range(3):
        np.multiply(pixels[..., channel], factor, out=out[..., channel])
    return out


def _curve(x: np.ndarray) -> np.ndarray:
    """Two power functions, joined at the pivot with equal slope; monotone, 0 to 0, 1 to 1."""
    pivot, contrast, above = np.float32(_PIVOT), np.float32(_CONTRAST), np.float32(1.0 - _PIVOT)
    # Each part is constant where the other applies.
    low = np.power(np.minimum(x, pivot) / pivot, contrast)
    high = np.power(np.clip((np.float32(1.0) - x) / above, 0.0, 1.0), contrast)
    return np.asarray(pivot * low + above * (np.float32(1.0) - high), np.float32)
