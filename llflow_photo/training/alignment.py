"""Checks of training pairs taken from a tripod: the shift between the two photos, gain and clipping."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import LLFlowPhotoError, TrainingDataError
from ..flow.inputs import equalization_table
from .pairs import Pair, load_pair

__all__ = ["LARGEST_SHIFT", "PairCheck", "check_pairs", "shift_between"]

LARGEST_SHIFT = 0.5
"""Largest accepted shift in pixels; training on pairs with larger shifts causes blur."""

_LEAST_EV = 0.5
_MOST_WHITE = 0.1
_WHITE = 250
_PARTS_OF_A_PIXEL = 10


@dataclass(frozen=True)
class PairCheck:
    """Result of the checks of a pair.

    Attributes:
        pair: the pair.
        shift: shift of the dark photo relative to its reference, rows and columns, pixels.
        gain_ev: how much brighter the reference is, EV of the mean in linear light.
        white: fraction of the reference that is clipped in any channel.
        complaints: the problems found, one message each; empty for a good pair.

    The numbers are NaN if the pair cannot be loaded.
    """

    pair: Pair
    shift: tuple[float, float]
    gain_ev: float
    white: float
    complaints: tuple[str, ...]


def check_pairs(pairs: Iterable[Pair]) -> Iterator[PairCheck]:
    """Check each pair; photos that cannot be read, or differ in size from the other, are a complaint.

    Raises:
        LLFlowPhotoError: scikit-image is not installed.
    """
    for pair in pairs:
        try:
            loaded = load_pair(pair)
        except TrainingDataError as error:
            yield PairCheck(pair, (math.nan, math.nan), math.nan, math.nan, (str(error),))
            continue
        shift = shift_between(loaded.low, loaded.high)
        gain_ev = math.log2(_mean_light(loaded.high) / _mean_light(loaded.low))
        white = float((loaded.high >= _WHITE).any(2).mean())
        yield PairCheck(pair, shift, gain_ev, white, tuple(_complaints(shift, gain_ev, white)))


def _complaints(shift: tuple[float, float], gain_ev: float, white: float) -> Iterator[str]:
    if math.hypot(*shift) > LARGEST_SHIFT:
        yield f"shifted by {shift[0]:+.1f} rows and {shift[1]:+.1f} columns: take it again, or align it"
    if gain_ev < _LEAST_EV:
        yield f"the reference is only {gain_ev:+.1f} EV brighter: are the two photos swapped?"
    if white > _MOST_WHITE:
        yield f"{white:.0%} of the reference is clipped to white: reduce its exposure"


def shift_between(dark: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Measure the shift of a dark photo relative to its reference, in tenths of a pixel.

    The photos are equalized, so that exposure does not matter, and cross-correlated.

    Args:
        dark: H x W x 3, sRGB-encoded, uint8.
        reference: H x W x 3, sRGB-encoded, uint8.

    Returns:
        rows and columns.
    """
    try:
        from skimage import registration
    except ImportError:
        raise LLFlowPhotoError(
            "checking pairs needs scikit-image: pip install 'llflow-photo[train]'"
        ) from None
    images = _detail(reference), _detail(dark)
    correlate: Any = registration.phase_cross_correlation
    moved = correlate(*images, upsample_factor=_PARTS_OF_A_PIXEL, normalization=None)[0]
    return float(-moved[0]) + 0.0, float(-moved[1]) + 0.0


def _detail(photo: np.ndarray) -> np.ndarray:
    """Equalized brightness minus its mean, with a window that is 0 at the border: H x W."""
    table = equalization_table(photo)
    gray = np.mean([table[channel][photo[..., channel]] for channel in range(3)], axis=0)
    window = np.outer(np.hanning(gray.shape[0] + 2)[1:-1], np.hanning(gray.shape[1] + 2)[1:-1])
    return np.asarray((gray - gray.mean()) * window)


def _mean_light(photo: np.ndarray) -> float:
    return max(float(np.mean((photo / 255.0) ** 2.2)), 1e-6)
