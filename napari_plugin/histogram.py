"""Histograms of images, and the share of clipped pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["BINS", "Histogram", "histogram_of"]

BINS = 64
_BLACK, _WHITE = 0.5 / 255, 254.5 / 255
"""Values that are rounded to black and to white in 8 bits."""


@dataclass(frozen=True)
class Histogram:
    """A histogram of an image.

    Attributes:
        shares: 3 x 64, for red, green and blue: the share of the pixels in each bin of [0, 1].
        black: share of the pixels that are black in all three channels.
        white: share of the pixels that are white in at least one channel.
    """

    shares: np.ndarray
    black: float
    white: float


def histogram_of(image: np.ndarray) -> Histogram:
    """The histogram of an image, h x w x 3, float, sRGB-encoded; values out of [0, 1] are clipped."""
    pixels = np.clip(image.reshape(-1, 3), 0.0, 1.0)
    bins = np.minimum((pixels * BINS).astype(np.int64), BINS - 1)
    shares = np.stack([np.bincount(bins[:, channel], minlength=BINS) for channel in range(3)])
    black = float((pixels.max(1) < _BLACK).mean())
    white = float((pixels.max(1) > _WHITE).mean())
    return Histogram(shares / len(pixels), black, white)
