"""Refusal of arrays that are no photos, with the same words wherever a photo comes in."""

from __future__ import annotations

import numpy as np

from ..errors import ImageInputError

__all__ = ["check_finite", "check_shape"]


def check_shape(pixels: np.ndarray) -> None:
    """Refuse pixels of a photo that are not H x W x 3.

    Raises:
        ImageInputError: they are not.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ImageInputError(f"a photo's pixels must be H x W x 3, not {pixels.shape}")


def check_finite(pixels: np.ndarray) -> None:
    """Refuse pixels of a photo, of any shape, that are NaN or infinite.

    Raises:
        ImageInputError: there are some.
    """
    if not np.isfinite(pixels).all():
        raise ImageInputError("the photo has pixels that are not finite (NaN or infinite)")
