"""Medians by bin."""

from __future__ import annotations

import numpy as np

__all__ = ["median_by_bin"]


def median_by_bin(values: np.ndarray, bins: np.ndarray, count: int, enough: int) -> np.ndarray:
    """The median of the values of each bin.

    Args:
        values: array of any shape.
        bins: bin of each value, integers from 0 to ``count - 1``; ``count`` is at most 256.
        enough: minimum number of values in a bin.

    Returns:
        ``count`` float64; NaN for bins with too few values.
    """
    numbers = bins.astype(np.uint8).reshape(-1)
    # For 8-bit integers the stable sort is a radix sort, which is faster than a pass for each bin.
    ordered = values.reshape(-1)[np.argsort(numbers, kind="stable")]
    medians = np.full(count, np.nan)
    stop = 0
    for index, size in enumerate(np.bincount(numbers, minlength=count)):
        start, stop = stop, stop + int(size)
        if size >= enough:
            medians[index] = np.median(ordered[start:stop])
    return medians
