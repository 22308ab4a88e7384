"""Noise of a simulated sensor, in units of full scale (black 0, white 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["SensorNoise", "read_noise_of", "shot_and_read"]

LOG_SHOT = (math.log(0.0001), math.log(0.012))
"""Range of the logarithm of the shot noise parameter, base ISO to the highest."""


@dataclass(frozen=True)
class SensorNoise:
    """Noise of a frame: variance ``shot * signal + read^2`` at each pixel, and artifacts of extreme ISO.

    Attributes:
        shot: variance per signal (photon noise).
        read: standard deviation of the signal-independent part.
        row: standard deviation of an offset common to each row.
        black_error: offset of each CFA position (row-major 2 x 2) from the declared black level.
        hot: share of hot pixels.
    """

    shot: float = 0.0
    read: float = 0.0
    row: float = 0.0
    black_error: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    hot: float = 0.0

    def variance(self, signal: np.ndarray | float) -> np.ndarray | float:
        """Per-pixel variance of shot and read noise at a signal of any shape, 0 to 1."""
        return self.shot * signal + self.read**2

    def applied(self, signal: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """A noisy copy of a mosaic, H x W, float32 in [0, 1]; the result may leave that range."""
        height, width = signal.shape
        deviation = np.sqrt(self.shot * signal + np.float32(self.read**2))
        noisy = random.standard_normal(signal.shape, np.float32)
        noisy *= deviation
        noisy += signal
        if self.row > 0:
            noisy += random.normal(0.0, self.row, (height, 1)).astype(np.float32)
        if any(self.black_error):
            _add_by_position(noisy, self.black_error)
        if self.hot > 0:
            count = random.poisson(self.hot * height * width)
            places = random.integers(0, height * width, count)
            noisy.ravel()[places] += random.uniform(0.02, 1.0, count).astype(np.float32)
        return noisy


def _add_by_position(mosaic: np.ndarray, offsets: tuple[float, float, float, float]) -> None:
    for index, offset in enumerate(offsets):
        mosaic[index // 2 :: 2, index % 2 :: 2] += np.float32(offset)


def read_noise_of(shot: float, deviation: float = 0.0) -> float:
    """Typical read noise for a shot noise: ``log(read^2) = 2.18 log(shot) + 1.20 + deviation``.

    Brooks et al. 2019 (arXiv:1811.11127), where the deviation is drawn from N(0, 0.26).
    """
    return math.exp(0.5 * (2.18 * math.log(shot) + 1.20 + deviation))


def shot_and_read(random: np.random.Generator) -> tuple[float, float]:
    """Shot noise log-uniform over ISO settings, and typical read noise for it."""
    shot = math.exp(random.uniform(*LOG_SHOT))
    return shot, read_noise_of(shot, random.normal(0.0, 0.26))
