"""Mean and spread of several renderings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["Spread", "spread_of"]


class Spread:
    """Running mean and spread of renderings (Welford 1962).

    All images are H x W x 3, float, sRGB-encoded.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: np.ndarray | None = None
        self._squares: np.ndarray | None = None

    def add(self, rendering: np.ndarray) -> None:
        """Add a rendering.

        Raises:
            ValueError: its shape differs from that of the others.
        """
        if self._mean is None or self._squares is None:
            self._mean = np.zeros(rendering.shape, np.float32)
            self._squares = np.zeros(rendering.shape, np.float32)
        if rendering.shape != self._mean.shape:
            raise ValueError(f"the rendering is {rendering.shape}, the others {self._mean.shape}")
        self.count += 1
        change = rendering - self._mean
        self._mean += change / self.count
        self._squares += change * (rendering - self._mean)

    @property
    def mean(self) -> np.ndarray:
        """Mean of the renderings, H x W x 3, float32; not a copy: it changes when others are added.

        Raises:
            ValueError: no rendering was added.
        """
        if self._mean is None:
            raise ValueError("no rendering was added yet")
        return self._mean

    @property
    def disagreement(self) -> np.ndarray:
        """Standard deviation of the renderings, root mean square over the channels: H x W, float32.

        It is in units of the encoded value (0.1 is 25 of 255), and zero where all renderings agree. It shows
        where the renderings vary, not where they are wrong.
        """
        if self._squares is None:
            raise ValueError("no rendering was added yet")
        variance = self._squares / max(1, self.count - 1)
        return np.asarray(np.sqrt(np.clip(variance, 0, None).mean(2)))


def spread_of(renderings: Iterable[np.ndarray]) -> Spread:
    """The `Spread` of all ``renderings``."""
    spread = Spread()
    for rendering in renderings:
        spread.add(rendering)
    return spread
