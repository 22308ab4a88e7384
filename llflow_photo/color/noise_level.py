"""Noise of a photo by brightness, to distinguish saturated colors from noise outside the gamut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..photo import Photo
from .binned import median_by_bin
from .channels import greatest_channel
from .fast_curves import linear_srgb
from .highlights import smoothstep

__all__ = ["NoiseLevel", "trusted"]

_BINS = 24
_DARKEST = 2.0**-14
_TINY = np.float32(1e-6)
# A normal distribution's standard deviation over its median absolute value.
_MEDIAN_TO_SIGMA = 1.4826
_CUT_NOISE = 1.6
_SAMPLES = 1 << 19
_BLOCK_SQUARES = 1 << 13  # a block and its temporaries fit into the processor's cache
_ENOUGH = 64
# Size of a residual, in standard deviations of the noise, below which it is noise, above which color.
# Noise exceeds two in every 20th pixel, each of which would become a speck.
_NOISE, _COLOR = 4.0, 8.0


@dataclass(frozen=True)
class NoiseLevel:
    """Standard deviation of noise by brightness.

    Attributes:
        sigma: 24 values, linear light, for brightnesses 2^-14 to 1 in equal steps of the logarithm.
    """

    sigma: tuple[float, ...]

    @classmethod
    def of_photo(cls, photo: Photo) -> NoiseLevel:
        """Estimate the noise of a photo before clipping.

        It is the median of the absolute diagonal differences (a - b - c + d) / 2 of up to about half a
        million 2 x 2 pixel squares, by brightness.
        """
        if photo.height < 2 or photo.width < 2:
            return cls((0.0,) * _BINS)
        detail, bins = _detail(photo)
        sigma = _filled(_MEDIAN_TO_SIGMA * median_by_bin(detail, bins, _BINS, _ENOUGH))
        # The deviation of noise that was clipped at black is about 0.6 times the original one.
        levels = _DARKEST * 2.0 ** (np.arange(_BINS) * 14 / (_BINS - 1))
        sigma[levels < 2 * sigma] *= _CUT_NOISE
        return cls(tuple(float(value) for value in sigma))

    def at(self, level: np.ndarray) -> np.ndarray:
        """Standard deviation at linear brightnesses of any shape."""
        table = np.asarray(self.sigma, np.float32)
        return np.asarray(table[_bin(level).round().astype(np.intp)])


def _detail(photo: Photo) -> tuple[np.ndarray, np.ndarray]:
    """Detail of evenly spaced 2 x 2 squares, linear light, and the bins of their brightnesses."""
    step = 2 * max(1, int(np.ceil(np.sqrt(photo.height * photo.width / 4 / _SAMPLES))))
    rows, columns = (photo.height - 2) // step + 1, (photo.width - 2) // step + 1
    detail, bins = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.uint8)
    at_once = max(1, _BLOCK_SQUARES // columns)
    for start in range(0, rows, at_once):
        some = slice(start, start + at_once)
        a, b, c, d = _corners(photo, some, step, rows, columns)
        detail[some] = greatest_channel(np.abs(a - b - c + d)) / 2
        level = np.clip(greatest_channel(a + b + c + d) / 4, 0.0, 1.0)
        bins[some] = _bin(level).round()
    return detail, bins


def _corners(photo: Photo, some: slice, step: int, rows: int, columns: int) -> list[np.ndarray]:
    """The four pixels of some rows of squares, squares down x across x 3 each, linear sRGB."""
    return [
        linear_srgb(
            np.ascontiguousarray(photo.pixels[row::step, column::step][:rows, :columns][some], np.float32),
            photo.color_space,
        )
        for row in (0, 1)
        for column in (0, 1)
    ]


def _filled(sigma: np.ndarray) -> np.ndarray:
    """Fill bins with too few pixels by the value of the nearest other bin."""
    known = np.flatnonzero(np.isfinite(sigma))
    if not known.size:
        return np.zeros(_BINS)
    nearest = np.abs(np.arange(_BINS)[:, None] - known).argmin(axis=1)
    return np.asarray(sigma[known[nearest]])


def _bin(level: np.ndarray) -> np.ndarray:
    octaves = np.log2(np.maximum(level, np.float32(_DARKEST)))
    return np.asarray(np.clip((octaves + 14) * np.float32((_BINS - 1) / 14), 0, _BINS - 1))


def trusted(residual: np.ndarray, level: np.ndarray, gain: np.ndarray, noise: NoiseLevel) -> np.ndarray:
    """Weight in [0, 1] of a residual that a gain would change: 0 for noise, 1 well above the noise.

    For a gain of 1 the weight is 1, so that an unchanged view reproduces the photo.

    Args:
        residual: H x W x 3, linear sRGB outside [0, 1].
        level: H x W, brightness of the view, linear.
        gain: H x W, gain by which the residual will be multiplied.
    """
    size = greatest_channel(np.abs(residual))
    threshold = noise.at(level)
    weight = smoothstep(_NOISE, _COLOR, size / np.maximum(threshold, _TINY))
    changed = smoothstep(0.0, 1.0, np.abs(np.log2(np.maximum(gain, _TINY))))
    return np.asarray(1.0 - changed * (1.0 - weight), np.float32)
