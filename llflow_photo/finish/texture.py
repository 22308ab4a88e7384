"""Restoration of the photo's fine texture in a rendering where it exceeds the noise.

With E the sRGB-encoded luma, m its mean over 5 x 5 pixels, and v its variance there, the fine relative detail
is

    d = (1 - a) (E - m) / m,    a = v / (v + (c m)^2)

that is, the residual of a guided filter (He, Sun, Tang 2013) without strong edges. The difference between the
detail of photo and rendering is reduced by a multiple of the noise's standard deviation (soft threshold,
Donoho 1995), and weighted by its mean energy in the neighborhood, which is that of the noise where there is
no texture. It then scales all three channels, which changes luminance only: in a power-law encoding a factor
of the values is a factor of the light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..color.highlights import smoothstep
from .noise_estimate import DetailNoise
from .planes import box_mean_inside

__all__ = ["Texture"]

_RADIUS = 2
# Relative contrast of edges, which the rendering already reproduces.
_EDGE = 0.35
# Threshold in standard deviations of the noise, at texture 0 and 1.
_SIGMAS, _SIGMAS_AT_1 = 1.5, 0.7
_MOST = 0.35
# Mean energy of detail in 5 x 5 pixels, in variances of the noise, up to which it is noise, and from which it
# is texture.
_NOISE_ONLY, _TEXTURE = 0.5, 1.5
# The same, up to which outliers are removed, and from which they are texture.
_OUTLIERS = 1.5, 3.0
# Compression flattens some cells of noise and not others: the flattest have less than the noise's mean.
_COMPRESSED = np.float32(1.25)
_BLACK = np.float32(4 / 255)
_LEVELS = 4096


@dataclass(frozen=True)
class Texture:
    """Restoration of texture in a rendering.

    Attributes:
        amount: amount of texture, 0 to 1.
        sigma: 4096 float32, noise of the photo's detail relative to its brightness, for encoded brightnesses
            0 to 1 in equal steps of the square root.
    """

    RADIUS: ClassVar[int] = 2 * _RADIUS + 1
    """Radius of the neighborhood on which the result of a pixel depends, pixels."""

    amount: float
    sigma: np.ndarray

    @classmethod
    def of(cls, noise: DetailNoise, amount: float, developed: bool = True) -> Texture | None:
        """None if the amount is 0.

        Args:
            noise: noise of the photo's detail.
            developed: whether the photo was developed from a RAW file, and not compressed.
        """
        if not amount:
            return None
        level = np.linspace(0, 1, _LEVELS, dtype=np.float32) ** 2
        sigma = noise.at(level) / (level + _BLACK)
        return cls(amount, sigma if developed else sigma * _COMPRESSED)

    def gain(self, photo: np.ndarray, rendering: np.ndarray) -> np.ndarray:
        """Factor of the encoded rendering that restores texture, near 1: H x W float32.

        Args:
            photo, rendering: luma with `RADIUS` pixels around, H + 10 x W + 10 float32, sRGB-encoded in
                [0, 1].
        """
        mean, detail, edge = _detail(photo)
        _, rendered, rendered_edge = _detail(rendering)
        detail -= rendered
        # Encoded noise has outliers, dark ones in shadows and bright ones in colors with channels at black,
        # while lines continue in two neighbors.
        dark, limited = _without_outliers(detail)
        dark *= dark
        energy = box_mean_inside(dark, _RADIUS)
        outer = self.RADIUS - _RADIUS
        inner = np.s_[outer:-outer, outer:-outer]
        sigma = self._sigma(mean[inner])
        energy /= sigma * sigma
        detail, limited = detail[inner], limited[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
        limited -= detail
        limited *= 1.0 - smoothstep(*_OUTLIERS, energy)
        detail += limited
        edge = np.maximum(edge[inner], rendered_edge[inner])
        np.subtract(np.float32(1.0), edge, out=edge)
        detail *= edge
        size = np.abs(detail)
        sigma *= np.float32(_SIGMAS + (_SIGMAS_AT_1 - _SIGMAS) * self.amount)
        size -= sigma
        np.clip(size, 0.0, _MOST, out=size)
        gain: np.ndarray = np.copysign(size, detail)
        gain *= smoothstep(_NOISE_ONLY, _TEXTURE, energy)
        gain *= np.float32(self.amount)
        gain += np.float32(1.0)
        return gain

    def _sigma(self, level: np.ndarray) -> np.ndarray:
        """Relative noise at encoded brightnesses."""
        place = np.sqrt(level)
        place *= np.float32(_LEVELS - 1)
        place += np.float32(0.5)
        return np.asarray(self.sigma.take(place.astype(np.intp), mode="clip"))


def _without_outliers(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pixels but the outer ones, without dark outliers, and without dark and bright ones.

    They are limited by the second smallest and the second greatest of their eight neighbors.
    """
    height, width = plane.shape[0] - 2, plane.shape[1] - 2
    shifted = [plane[y : y + height, x : x + width] for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    least, second = np.minimum(shifted[0], shifted[1]), np.maximum(shifted[0], shifted[1])
    greatest, next_greatest = second.copy(), least.copy()
    other = np.empty_like(least)
    for neighbor in shifted[2:]:
        np.maximum(least, neighbor, out=other)
        np.minimum(second, other, out=second)
        np.minimum(least, neighbor, out=least)
        np.minimum(greatest, neighbor, out=other)
        np.maximum(next_greatest, other, out=next_greatest)
        np.maximum(greatest, neighbor, out=greatest)
    np.maximum(second, plane[1:-1, 1:-1], out=second)
    return second, np.minimum(second, next_greatest, out=next_greatest)


def _detail(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, relative detail, and weight of edges, without the outer 2 pixels."""
    mean = box_mean_inside(plane, _RADIUS)
    detail = plane[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS] - mean
    variance = box_mean_inside(plane * plane, _RADIUS)
    variance -= mean * mean
    np.maximum(variance, 0.0, out=variance)
    level = mean + _BLACK
    detail /= level
    level *= np.float32(_EDGE)
    level *= level
    level += variance
    variance /= level
    return mean, detail, variance
