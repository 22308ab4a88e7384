"""Correction of shadows raised by noise that was clipped at black.

Clipping raises the mean of a noisy shadow, by 0.4 of the noise's standard deviation where there is no light.
White balance amplifies this differently in each channel, so that shadows become magenta. The mean of the
encoded values differs further from the encoded mean. A `ShadowCurve` undoes both in averages, as a denoised
photo is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ShadowCurve"]

# Number of steps of light from which the slope at black is taken.
_TOE = 3


@dataclass(frozen=True)
class ShadowCurve:
    """Means of noisy, clipped pixels of gray areas, and the values that they have without noise.

    Attributes:
        light: N values, sRGB-encoded, ascending from 0.
        means: N x 3, mean of the sRGB-encoded pixels of areas of such light, by channel.
        black: mean luminance of areas without light, of pixels clipped to sRGB, linear.
    """

    light: np.ndarray
    means: np.ndarray
    black: float

    def offset(self, averages: np.ndarray, channel: int) -> np.ndarray:
        """Difference between light and mean for averages of pixels of one channel, sRGB-encoded, any shape.

        Below the mean of black it continues linearly. It ends at twice the greatest mean.
        """
        means = np.maximum.accumulate(self.means[:, channel])
        offsets = self.light - means
        end = 2.0 * max(float(means[-1]), float(self.light[-1]))
        slope = (offsets[_TOE] - offsets[0]) / max(float(means[_TOE] - means[0]), 1e-6)
        places = np.concatenate(([0.0], means, [end]))
        offsets = np.concatenate(([offsets[0] - slope * means[0]], offsets, [0.0]))
        return np.asarray(np.interp(averages, places, offsets), np.float32)
