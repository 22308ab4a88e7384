"""Mean exposure of a photo."""

from __future__ import annotations

import numpy as np

__all__ = ["mean_exposure_ev"]

_FLOOR = 2.0**-12


def mean_exposure_ev(luminance: np.ndarray) -> float:
    """Mean over pixels of ``log2(max(Y, 2^-12) / 0.18)``: 0 EV is 18 % gray.

    The mean of the logarithm represents most of the frame; lamps hardly influence it.

    Args:
        luminance: Y, any shape, linear, white at 1.
    """
    return float(np.log2(np.maximum(luminance, _FLOOR) / 0.18).mean())
