"""Restoration of the photo's fine texture in a rendering where it exceeds the noise.

With E the sRGB-encoded luma, m its mean over 5 x 5 pixels, and v its variance there, the fine relative detail
is

    d = (1 - a) (E - m) / m,    a = v / (v + (c m)^2)

that is, the residual of a guided filter (He, Sun, Tang 2013) without strong edges. The difference between the
detail of photo and rendering is reduced by a multiple of the noise's standard deviation (soft threshold,
Donoho 1995). It then scales all three channels, which changes luminance only: in a power-law encoding a
factor of the values is a factor of the light.
"""

from __future__ import annotations

import numpy as np

from .noise_estimate import DetailNoise
from .planes import small_box_mean

__all__ = ["RADIUS", "texture_gain"]

RADIUS = 2
"""Radius of the filter, pixels."""
# Relative contrast of edges, which the rendering already reproduces.
_EDGE = 0.35
# Threshold in standard deviations of the noise, at texture 0 and 1.
_SIGMAS, _SIGMAS_AT_1 = 1.5, 0.7
_MOST = 0.35
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
    """Mean, relative detail, and weight of edges."""
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
