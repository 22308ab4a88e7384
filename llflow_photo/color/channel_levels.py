"""How the light of a frame is distributed among red, green and blue."""

from __future__ import annotations

import numpy as np

__all__ = ["channel_levels", "channel_ratio"]

_PEDESTAL = 5e-4
"""Light that noise adds to black at most, because it is clipped there, linear light."""
_PEDESTAL_SHARE = 0.02
"""Share of the cells that are as dark as black."""


def channel_levels(thumbnail: np.ndarray) -> np.ndarray:
    """Levels of red, green and blue in a frame, 3 values, the highest 1; all 1 if the frame is black.

    They are means over the frame, in which bright lamps count little more than their share of the area.

    Args:
        thumbnail: 3 x S x S, linear light, in [0, 1].
    """
    light = thumbnail.astype(np.float64)
    black = np.quantile(light.reshape(3, -1), _PEDESTAL_SHARE, axis=1).min()
    light = np.maximum(light - min(black, _PEDESTAL), 0.0)
    peak = light.max(0)
    if peak.max() <= 0.0:
        return np.ones(3)
    levels = (light / (peak + peak.mean())).mean((1, 2))
    return np.asarray(levels / levels.max())


def channel_ratio(thumbnail: np.ndarray) -> float:
    """The lowest level of a frame's channels divided by the highest one: 1 for gray, 0 for a single color."""
    return float(channel_levels(thumbnail).min())
