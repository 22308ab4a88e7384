"""Weight of highlights of a whole photo, from all its pixels."""

from __future__ import annotations

import numpy as np

from .channels import greatest_channel

__all__ = ["HighlightWeight"]

_LEVELS = 256
_DARK, _BRIGHT = 0.6, 0.95


class HighlightWeight:
    """Gathers the brightest pixels of a view from blocks of it."""

    def __init__(self) -> None:
        self._pixels = 0
        self._bright = np.zeros(_LEVELS + 1, np.int64)

    def add(self, view: np.ndarray) -> None:
        """Add a block of the view, ... x 3, float32, sRGB-encoded, in [0, 1]."""
        peak = greatest_channel(view)
        bright = peak[peak >= np.float32(_DARK)]
        self._bright += np.bincount((bright * _LEVELS).astype(np.intp), minlength=_LEVELS + 1)
        self._pixels += peak.size

    def value(self) -> float:
        """The weight: 0 to 1 for a brightest thousandth of 0.6 to 0.95."""
        from_top = np.cumsum(self._bright[::-1])[::-1]
        reached = np.flatnonzero(from_top >= max(1, self._pixels // 1000))
        level = float(reached.max()) / _LEVELS if reached.size else 0.0
        t = min(max((level - _DARK) / (_BRIGHT - _DARK), 0.0), 1.0)
        return t * t * (3 - 2 * t)
