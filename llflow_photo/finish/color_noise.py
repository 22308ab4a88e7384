"""Chroma mottling of high ISO smoothed in deep shadow, at the edges of the rendering's brightness."""

from __future__ import annotations

import numpy as np

from ..color.highlights import smoothstep
from .planes import GuidedFit

__all__ = ["chroma_corrections"]

# Brightness over noise of a photo's pixels, up to which its color is noise, and from which it is color.
_NOISY, _CLEAN = 1.2, 4.0
_RADIUS = 8  # quarter-size pixels
_EPSILON = 4e-4


def chroma_corrections(
    chroma: tuple[np.ndarray, np.ndarray], luma: np.ndarray, signal_to_noise: np.ndarray, amount: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """What to add to red less luma and blue less luma, quarter size; None where nothing is noisy.

    Args:
        chroma: red less luma and blue less luma of the rendering, h x w, sRGB-encoded.
        luma: of the rendering, h x w, the guide.
        signal_to_noise: of the photo's pixels, h x w.
        amount: 0 to 1.
    """
    weight = (1.0 - smoothstep(_NOISY, _CLEAN, signal_to_noise)) * np.float32(amount)
    if not weight.any():
        return None
    red, blue = (_smooth(plane, luma) - plane for plane in chroma)
    return red * weight, blue * weight


def _smooth(plane: np.ndarray, guide: np.ndarray) -> np.ndarray:
    fit = GuidedFit.of(plane, guide, _RADIUS, _EPSILON)
    return np.asarray(fit.slope * guide + fit.offset, np.float32)
