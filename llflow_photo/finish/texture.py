"""The photo's own fine texture, given back to a rendering where it stands above the noise.

With E the sRGB-encoded luma, m its mean over 5 x 5 pixels, and v its variance there, the fine relative detail
is

    d = (1 - a) (E - m) / m,    a = v / (v + (c m)^2)

that is, a guided filter's residual (He, Sun, Tang 2013) without strong edges. The difference of the detail of
the photo and of the rendering is shrunk by a multiple of the noise's standard deviation (soft threshold,
Donoho 1995) and multiplies all three channels alike, which is luminance only: in a power-law encoding a
factor of the values is a factor of the light.
"""

from __future__ import annotations

import numpy as np

from .noise_estimate import DetailNoise
from .planes import small_box_mean

__all__ = ["RADIUS", "texture_gain"]

RADIUS = 2
"""Halo of the filter, pixels."""
# Relative contrast from which a window counts as an edge, which the rendering draws by itself.
_EDGE = 0.35
# Standard deviations of the noise that are not believed, at texture 0 and 1.
_SIGMAS, _SIGMAS_AT_1 = 1.5, 0.7
_MOST = 0.35
_BLACK = np.float32(4 / 255)


def texture_gain(photo: np.ndarray, rendering: np.ndarray, noise: DetailNoise, amount: float) -> np.ndarray:
    """Factor of the encoded rendering that gives texture back.

    Args:
        photo, rendering: luma, H x W float32, sRGB-encoded in [0, 1].
        noise: of the photo's detail.
        amount: 0 to 1.

    Returns:
        H x W float32, around 1; where it matters to borders, `RADIUS` pixels around are looked at.
    """
    mean, detail, edge = _detail(photo)
    _, rendered, rendered_edge = _detail(rendering)
    detail -= rendered
    detail *= 1.0 - np.maximum(edge, rendered_edge)
    sigmas = _SIGMAS + (_SIGMAS_AT_1 - _SIGMAS) * amount
    threshold = noise.at(mean) * np.float32(sigmas) / (mean + _BLACK)
    size = np.abs(detail)
    size -= threshold
    np.clip(size, 0.0, _MOST, out=size)
    gain: np.ndarray = np.copysign(size, detail)
    gain *= np.float32(amount)
    gain += np.float32(1.0)
    return gain


def _detail(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, relative detail and weight of an edge."""
    mean = small_box_mean(plane, RADIUS)
    detail = plane - mean
    variance = small_box_mean(plane * plane, RADIUS)
    variance -= mean * mean
    np.maximum(variance, 0.0, out=variance)
    level = mean + _BLACK
    detail /= level
    level *= np.float32(_EDGE)
    level *= level
    return mean, detail, variance / (variance + level)
