"""Fewer pixels of a photo, for statistics of the whole."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["sampling_steps", "subsample"]


def subsample(pixels: np.ndarray, most_pixels: int = 1_000_000) -> np.ndarray:
    """Every n-th row and column of a photo; averaging would change the noise.

    Args:
        pixels: H x W x 3.

    Returns:
        A view of ``pixels``, of at most about ``most_pixels`` pixels, and at least one.
    """
    down, across = sampling_steps((pixels.shape[0], pixels.shape[1]), most_pixels)
    return pixels[down // 2 :: down, across // 2 :: across]


def sampling_steps(shape: tuple[int, int], most_pixels: int) -> tuple[int, int]:
    """The steps of `subsample` along both axes: equal, except in images of fewer rows or columns than that.

    Args:
        shape: height and width.
    """
    step = max(1, math.ceil(math.sqrt(shape[0] * shape[1] / most_pixels)))
    if min(shape) > step:
        return step, step
    step = max(1, math.ceil(shape[0] * shape[1] / most_pixels))
    return (1, step) if shape[0] <= shape[1] else (step, 1)
