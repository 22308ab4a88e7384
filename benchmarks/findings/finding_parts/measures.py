"""Statistics of the findings."""

from __future__ import annotations

import numpy as np

from llflow_photo.evaluation.brightness import spearman
from llflow_photo.evaluation.metrics import gray

__all__ = [
    "auc",
    "best_and_mean",
    "block_mean",
    "block_step",
    "decile_means",
    "detail",
    "frame_and_regions",
    "spearman",
]

_CELLS = 8


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a positive value is above a negative one, ties counting half (Mann-Whitney).

    1: every positive is above every negative; 0.5: chance.

    Raises:
        ValueError: one of the two is empty.
    """
    high, low = np.asarray(positive, float).ravel(), np.sort(np.asarray(negative, float).ravel())
    if not high.size or not low.size:
        raise ValueError("both sides need values")
    below = np.searchsorted(low, high, "left").sum()
    not_above = np.searchsorted(low, high, "right").sum()
    return float((below + not_above) / 2 / (high.size * low.size))


def best_and_mean(scores: np.ndarray) -> tuple[float, float]:
    """Best and mean over the renderings of each photo, photos x renderings, then averaged over photos."""
    return float(scores.max(1).mean()), float(scores.mean())


def block_mean(values: np.ndarray, side: int = 8) -> np.ndarray:
    """Means of blocks of H x W, leftover rows and columns dropped."""
    height, width = (length // side * side for length in values.shape)
    parts = values[:height, :width].reshape(height // side, side, width // side, side)
    return np.asarray(parts.mean((1, 3)))


def block_step(image: np.ndarray) -> float:
    """Mean absolute difference of luma between neighboring blocks of 8 pixels, H x W x 3."""
    blocks = block_mean(gray(image))
    steps = [np.abs(np.diff(blocks, axis=axis)).ravel() for axis in (0, 1)]
    return float(np.concatenate(steps).mean())


def decile_means(order: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of ``values`` in each tenth of the positions, from least ``order`` to most."""
    ranked = np.asarray(values).ravel()[np.argsort(order, axis=None, kind="stable")]
    return np.array([part.mean() for part in np.array_split(ranked, 10)])


def frame_and_regions(difference: np.ndarray) -> tuple[float, float]:
    """Mean squares over channels of a difference's mean, and of 8 x 8 equal cells without that mean.

    Args:
        difference: H x W x 3, neither side below 8.
    """
    starts = [np.arange(_CELLS) * length // _CELLS for length in difference.shape[:2]]
    sums = np.add.reduceat(np.add.reduceat(difference, starts[0], 0, np.float64), starts[1], 1)
    sizes = [np.diff(start, append=length) for start, length in zip(starts, difference.shape, strict=False)]
    cells = sums / (sizes[0][:, None, None] * sizes[1][:, None])
    whole = difference.mean((0, 1), np.float64)
    return float((whole**2).mean()), float(((cells - whole) ** 2).mean())


def detail(image: np.ndarray) -> np.ndarray:
    """Slope of luma, H x W, for comparison."""
    down, right = np.gradient(image @ np.array([0.299, 0.587, 0.114], image.dtype))
    return np.asarray(np.hypot(down, right))
