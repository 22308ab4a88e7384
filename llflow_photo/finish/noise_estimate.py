"""Noise of the fine detail of a photo by brightness, measured in its flattest areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..color.fast_curves import view_of
from ..photo import Photo
from .planes import luma, small_box_mean

__all__ = ["DetailNoise"]

_BINS = 32
_PATCH, _CELL, _RADIUS = 64, 8, 2
_MOST_PATCHES = 192
_FLATTEST = 15.0  # percentile of the cells of one brightness
_ENOUGH = 12
_NEAR_BLACK, _NEAR_WHITE = 2 / 255, 250 / 255
# Maximum change of noise between neighboring brightness levels, natural logarithm.
_STEEPEST = 0.15
# The 15th percentile of the deviation of 64 correlated values is about 0.85 of their true deviation.
_PERCENTILE_TO_SIGMA = 1.18


@dataclass(frozen=True)
class DetailNoise:
    """Standard deviation of noise in a photo's fine luma (pixel minus the mean of 5 x 5) by brightness.

    Attributes:
        sigma: 32 values, sRGB-encoded, for encoded brightnesses 0 to 1 in equal steps of the square root.
    """

    sigma: tuple[float, ...]

    @classmethod
    def of_photo(cls, photo: Photo) -> DetailNoise:
        """Measure the noise of a photo in the flattest cells of 8 x 8 pixels at each brightness.

        It is measured in the frequency band of texture, so that noise smoothed by demosaicing or JPEG is
        estimated by its remainder.
        """
        deviations, levels = [], []
        for patch in _patches(photo):
            plane = luma(view_of(np.ascontiguousarray(patch, np.float32), photo.color_space))
            mean = small_box_mean(plane, _RADIUS)
            square = (plane - mean) ** 2
            deviations.append(np.sqrt(_cells(square)).ravel())
            levels.append(_cells(plane).ravel())
        smallest = 0.29 * 0.5 ** min(photo.bit_depth, 16)
        if not deviations:
            return cls((smallest,) * _BINS)
        sigma = _by_brightness(np.concatenate(deviations), np.concatenate(levels))
        return cls(tuple(float(max(value, smallest)) for value in sigma))

    def at(self, level: np.ndarray) -> np.ndarray:
        """Standard deviation at encoded brightnesses of any shape, float32."""
        place = np.sqrt(np.clip(level, 0.0, 1.0)) * np.float32(_BINS - 1)
        first = np.minimum(place.astype(np.intp), _BINS - 2)
        table = np.asarray(self.sigma, np.float32)
        share = place - first.astype(np.float32)
        return np.asarray(table[first] * (1 - share) + table[first + 1] * share, np.float32)

    def averaged(self, side: float) -> DetailNoise:
        """Noise of means of ``side`` x ``side`` pixels; ``side`` is at least 1."""
        return DetailNoise(tuple(value / max(side, 1.0) for value in self.sigma))


def _patches(photo: Photo) -> list[np.ndarray]:
    height, width = photo.height, photo.width
    if height < _CELL or width < _CELL:
        return []
    across = max(1, min(width // _PATCH, round((_MOST_PATCHES * width / height) ** 0.5)))
    down = max(1, min(height // _PATCH, _MOST_PATCHES // across))
    tops = np.linspace(0, max(0, height - _PATCH), down).astype(int)
    lefts = np.linspace(0, max(0, width - _PATCH), across).astype(int)
    return [photo.pixels[top : top + _PATCH, left : left + _PATCH] for top in tops for left in lefts]


def _cells(plane: np.ndarray) -> np.ndarray:
    height, width = (side // _CELL * _CELL for side in plane.shape)
    cut = plane[:height, :width].reshape(height // _CELL, _CELL, width // _CELL, _CELL)
    return np.asarray(cut.mean(axis=(1, 3)))


def _by_brightness(deviations: np.ndarray, levels: np.ndarray) -> np.ndarray:
    bins = (np.sqrt(np.clip(levels, 0.0, 1.0)) * (_BINS - 1)).round().astype(np.intp)
    # Noise is clipped at black and at white.
    whole = (levels > _NEAR_BLACK) & (levels < _NEAR_WHITE)
    sigma = np.full(_BINS, np.nan)
    for index in range(_BINS):
        chosen = deviations[whole & (bins == index)]
        if chosen.size >= _ENOUGH:
            sigma[index] = np.percentile(chosen, _FLATTEST) * _PERCENTILE_TO_SIGMA
    known = np.flatnonzero(np.isfinite(sigma))
    if not known.size:
        return np.full(_BINS, np.percentile(deviations, _FLATTEST) * _PERCENTILE_TO_SIGMA)
    # If all areas of a brightness have texture, neighboring levels limit the estimate.
    distance = np.abs(known[:, None] - known)
    sigma[known] = (sigma[known] * np.exp(_STEEPEST * distance)).min(axis=1)
    return np.asarray(np.interp(np.arange(_BINS), known, sigma[known]))
