"""The basis of the latent's prior: directions in channel space and cosines over the frame. No torch."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["BANDS", "DIRECTIONS", "LATENT_CHANNELS", "ORDERS", "cosines"]

LATENT_CHANNELS = 192
DIRECTIONS = 6
"""Number of channel directions in which frames and regions vary."""

BANDS = 5
"""Number of bands of orders besides (0, 0); band b has the orders whose distance from (0, 0) rounds to b."""

ORDERS = tuple((i, k) for i in range(BANDS + 1) for k in range(BANDS + 1) if round(math.hypot(i, k)) <= BANDS)
"""Orders (vertical, horizontal) of the cosines, (0, 0) first."""


def cosines(total: int, start: int, count: int) -> np.ndarray:
    """Evaluate ``phi_i`` at positions along one axis: (1 + `BANDS`) x count, float64.

    Args:
        total: number of positions of the whole frame along the axis.
        start: first position.
        count: number of positions.
    """
    orders = np.arange(BANDS + 1)
    places = (np.arange(start, start + count) + 0.5) / total
    values = np.cos(math.pi * orders[:, None] * places) * np.where(orders, math.sqrt(2.0), 1.0)[:, None]
    values[orders >= total] = 0.0
    return np.asarray(values)
