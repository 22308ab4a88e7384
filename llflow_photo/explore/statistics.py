"""What several renderings have in common, and where they part."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["Spread", "spread_of"]


class Spread:
    """Mean and spread of renderings that come one after the other (Welford 1962), one buffer each.

    All images are H x W x 3, float, sRGB-encoded.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: np.ndarray | None = None
        self._squares: np.ndarray | None = None

    def add(self, rendering: np.ndarray) -> None:
        """Take one more rendering in."""
        if self._mean is None or self._squares is None:
            self._mean = np.zeros(rendering.shape, np.float32)
            self._squares = np.zeros(rendering.shape, np.float32)
        self.count += 1
        change = rendering - self._mean
        self._mean += change / self.count
        self._squares += change * (rendering - self._mean)

    @property
    def mean(self) -> np.ndarray:
        """Mean of the renderings, H x W x 3, float32.

        Raises:
            ValueError: there is none yet.
        """
        if self._mean is None:
            raise ValueError("no rendering was added yet")
        return self._mean

    @property
    def disagreement(self) -> np.ndarray:
        """Standard deviation of the renderings, root mean square over the channels: H x W, float32.

        It shows what the renderings vary in, not where they are wrong.
        In units of the encoded value (0.1 is 25 of 255); zero where all agree.
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
