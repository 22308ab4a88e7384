"""Maximum and minimum over the channels of a pixel."""

from __future__ import annotations

import numpy as np

__all__ = ["greatest_channel", "least_channel"]


def greatest_channel(pixels: np.ndarray) -> np.ndarray:
    """Maximum over the channels of each pixel, ... x 3 to ....

    Equal to ``pixels.max(axis=-1)``, but several times faster.
    """
    greatest: np.ndarray = np.maximum(pixels[..., 0], pixels[..., 1])
    np.maximum(greatest, pixels[..., 2], out=greatest)
    return greatest


def least_channel(pixels: np.ndarray) -> np.ndarray:
    """Minimum over the channels of each pixel, ... x 3 to ...."""
    least: np.ndarray = np.minimum(pixels[..., 0], pixels[..., 1])
    np.minimum(least, pixels[..., 2], out=least)
    return least
