"""How noisy a photo is at which brightness, to tell a saturated color from noise outside the gamut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .highlights import smoothstep
from .spaces import decode

__all__ = ["NoiseLevel", "trusted"]

_BINS = 24
_DARKEST = 2.0**-14
_TINY = np.float32(1e-6)
# A normal distribution's standard deviation over its median absolute value.
_MEDIAN_TO_SIGMA = 1.4826
_SAMPLES = 1 << 20


@dataclass(frozen=True)
class NoiseLevel:
    """Standard deviation of noise by brightness.

    Attributes:
        sigma: 24 values, linear light, for brightnesses 2^-14 to 1 in equal steps of the logarithm.
    """

    sigma: tuple[float, ...]

    @classmethod
    def of_view(cls, view: np.ndarray) -> NoiseLevel:
        """Estimate from an sRGB-encoded view, H x W x 3 float32 in [0, 1].

        The median of the absolute diagonal differences (a - b - c + d) / 2 of 2 x 2 pixels, by brightness;
        at most about a million of them.
        """
        step = 2 * max(1, int(np.ceil(np.sqrt(view.shape[0] * view.shape[1] / 4 / _SAMPLES))))
        height, width = view.shape[0] // 2 * 2, view.shape[1] // 2 * 2
        if height < 2 or width < 2:
            return cls((0.0,) * _BINS)
        corners = [
            decode(view[row:height:step, column:width:step], "srgb")[: (height - 1) // step + 1]
            for row in (0, 1)
            for column in (0, 1)
        ]
        detail = np.abs(corners[0] - corners[1] - corners[2] + corners[3]).max(axis=2) / 2
        level = (corners[0] + corners[1] + corners[2] + corners[3]).max(axis=2) / 4
        bins = _bin(level).round().astype(np.intp)
        sigma = np.zeros(_BINS)
        for index in range(_BINS):
            inside = detail[bins == index]
            if inside.size >= 64:
                sigma[index] = _MEDIAN_TO_SIGMA * float(np.median(inside))
        # A bin with too few pixels takes the noise of the next darker one.
        for index in range(1, _BINS):
            if not (bins == index).sum() >= 64:
                sigma[index] = sigma[index - 1]
        return cls(tuple(float(value) for value in sigma))

    def at(self, level: np.ndarray) -> np.ndarray:
        """Standard deviation at linear brightnesses of any shape."""
        table = np.asarray(self.sigma, np.float32)
        return np.asarray(table[_bin(level).round().astype(np.intp)])


def _bin(level: np.ndarray) -> np.ndarray:
    octaves = np.log2(np.maximum(level, np.float32(_DARKEST)))
    return np.asarray(np.clip((octaves + 14) * np.float32((_BINS - 1) / 14), 0, _BINS - 1))


def trusted(residual: np.ndarray, level: np.ndarray, gain: np.ndarray, noise: NoiseLevel) -> np.ndarray:
    """Weight in [0, 1] of a residual that a gain would lift: 0 where it is noise, 1 where it stands out.

    Where nothing is lifted (gain 1 or less) it is 1, so that an unchanged view gives the photo
    back unchanged.

    Args:
        residual: H x W x 3, linear sRGB outside [0, 1].
        level: H x W, brightness of the view, linear.
        gain: H x W, by which the residual will be multiplied.
    """
    size = np.abs(residual).max(axis=2)
    threshold = noise.at(level)
    weight = smoothstep(2.0, 5.0, size / np.maximum(threshold, _TINY))
    lifted = smoothstep(1.0, 2.0, gain)
    return np.asarray(1.0 - lifted * (1.0 - weight), np.float32)
