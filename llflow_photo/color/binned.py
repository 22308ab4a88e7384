"""Medians by bin."""

from __future__ import annotations

import numpy as np

__all__ = ["median_by_bin"]


def median_by_bin(values: np.ndarray, bins: np.ndarray, count: int, enough: int) -> np.ndarray:
    """The median of the values of each bin.

    Args:
        values: of any shape.
        bins: of the same shape, whole numbers from 0 below ``count``, which is at most 256.
        enough: bins with fewer values are not told.

    Returns:
        ``count`` float64; NaN where there are too few values.
    """
    numbers = bins.astype(np.uint8).reshape(-1)
    # Of numbers of 8 bits the stable sort is a radix sort: cheaper than a pass for each bin.
    ordered = values.reshape(-1)[np.argsort(numbers, kind="stable")]
    medians = np.full(count, np.nan)
    stop = 0
    for index, size in enumerate(np.bincount(numbers, minlength=count)):
        start, stop = stop, stop + int(size)
        if size >= enough:
            medians[index] = np.median(ordered[start:stop])
    return medians
