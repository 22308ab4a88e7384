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

import numpy as np

from ..color.highlights import smoothstep
from .noise_estimate import DetailNoise
from .planes import small_box_mean

__all__ = ["RADIUS", "texture_gain"]

_RADIUS = 2
RADIUS = 2 * _RADIUS
"""Radius of the filter, pixels."""
# Relative contrast of edges, which the rendering already reproduces.
_EDGE = 0.35
# Threshold in standard deviations of the noise, at texture 0 and 1.
_SIGMAS, _SIGMAS_AT_1 = 1.5, 0.7
_MOST = 0.35
# Mean energy of detail in 5 x 5 pixels, in variances of the noise, up to which it is noise, and from which it
# is texture.
_NOISE_ONLY, _TEXTURE = 0.5, 1.5
# The same, up to which dark outliers are removed, and from which they are texture.
_OUTLIERS = 1.5, 3.0
_BLACK = np.float32(4 / 255)


def texture_gain(photo: np.ndarray, rendering: np.ndarray, noise: DetailNoise, amount: float) -> np.ndarray:
    """Factor of the encoded rendering that restores texture.

    Args:
        photo, rendering: luma, H x W float32, sRGB-encoded in [0, 1].
        noise: noise of the photo's detail.
        amount: amount of texture, 0 to 1.

    Returns:
        H x W float32, near 1; it depends on pixels up to `RADIUS` away.
    """
    mean, detail, edge = _detail(photo)
    _, rendered, rendered_edge = _detail(rendering)
    detail -= rendered
    sigma = noise.at(mean) / (mean + _BLACK)
    # The encoded noise of shadows has dark outliers, while dark lines continue in two neighbors.
    limited = np.maximum(detail, _second_least_neighbor(detail))
    energy = small_box_mean(limited * limited, _RADIUS) / (sigma * sigma)
    limited -= detail
    limited *= 1.0 - smoothstep(*_OUTLIERS, energy)
    detail += limited
    detail *= 1.0 - np.maximum(edge, rendered_edge)
    size = np.abs(detail)
    size -= sigma * np.float32(_SIGMAS + (_SIGMAS_AT_1 - _SIGMAS) * amount)
    np.clip(size, 0.0, _MOST, out=size)
    gain: np.ndarray = np.copysign(size, detail)
    gain *= smoothstep(_NOISE_ONLY, _TEXTURE, energy)
    gain *= np.float32(amount)
    gain += np.float32(1.0)
    return gain


def _second_least_neighbor(plane: np.ndarray) -> np.ndarray:
    """Second smallest of the eight neighbors, with edge pixels repeated."""
    height, width = plane.shape
    padded = np.pad(plane, 1, mode="edge")
    shifted = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    least, second = np.minimum(shifted[0], shifted[1]), np.maximum(shifted[0], shifted[1])
    for neighbor in shifted[2:]:
        np.minimum(second, np.maximum(least, neighbor), out=second)
        np.minimum(least, neighbor, out=least)
    return np.asarray(second)


def _detail(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, relative detail, and weight of edges."""
    mean = small_box_mean(plane, _RADIUS)
    detail = plane - mean
    variance = small_box_mean(plane * plane, _RADIUS)
    variance -= mean * mean
    np.maximum(variance, 0.0, out=variance)
    level = mean + _BLACK
    detail /= level
    level *= np.float32(_EDGE)
    level *= level
    return mean, detail, variance / (variance + level)
