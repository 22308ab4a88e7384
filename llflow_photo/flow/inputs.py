"""The network's input for a dark photo: log, equalized, chromaticity and noise maps.

All images are sRGB-encoded, N x 3 x H x W, float, in [0, 1]. Histogram equalization is a statistic of the
whole photo, so it is split in two: `equalization_table` is computed once per photo, `equalize` applies it to
any part of it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "CHANNELS",
    "color_map",
    "equalization_of",
    "equalization_table",
    "equalize",
    "level_counts",
    "log_image",
    "network_input",
    "noise_map",
    "reference_color_map",
]

CHANNELS = 12
"""Channels of `network_input`: four maps of three channels."""

_OFFSET = 1e-3
_TINY = 1e-4


def equalization_table(pixels: np.ndarray) -> np.ndarray:
    """Compute histogram equalization of a whole photo as one lookup table per channel.

    ``round((cdf(v) - cdf_min) / (pixels - cdf_min) * 255)``, as for 8-bit images, where ``cdf_min`` is the
    cumulative histogram's first non-zero bin.

    Args:
        pixels: H x W x 3, sRGB-encoded, uint8, or float in [0, 1] (binned to the nearest of 256 levels).

    Returns:
        3 x 256, float32, in [0, 1].
    """
    counts = np.zeros((3, 256), np.int64)
    for top in range(0, len(pixels), 64):  # in strips, to avoid a copy of a large photo
        counts += level_counts(pixels[top : top + 64])
    return equalization_of(counts)


def level_counts(pixels: np.ndarray) -> np.ndarray:
    """Histogram of each channel of pixels as for `equalization_table`: 3 x 256, int64."""
    if pixels.dtype != np.uint8:
        pixels = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.stack([np.bincount(pixels[..., channel].ravel(), minlength=256) for channel in range(3)])


def equalization_of(counts: np.ndarray) -> np.ndarray:
    """The `equalization_table` of the `level_counts` of a whole photo."""
    return np.stack([_table_of_histogram(channel) for channel in counts])


def _table_of_histogram(counts: np.ndarray) -> np.ndarray:
    cdf = counts.cumsum()
    first = int(cdf[np.flatnonzero(counts)[0]])
    total = int(cdf[-1])
    if total == first:  # a constant channel cannot be equalized
        return np.zeros(256, np.float32)
    scaled = np.rint((cdf - first) * (255.0 / (total - first)))
    return (np.clip(scaled, 0, 255) / 255.0).astype(np.float32)


def equalize(image: Tensor, table: Tensor) -> Tensor:
    """Apply a photo's equalization table to the photo or any part of it.

    Values between two of the 256 levels are interpolated, so photos of more than 8 bits stay smooth.

    Args:
        image: N x 3 x H x W in [0, 1].
        table: N x 3 x 256 (or 3 x 256 for all).

    Returns:
        N x 3 x H x W in [0, 1].
    """
    table = table.to(image).expand(image.shape[0], 3, 256)
    position = image.clamp(0, 1) * 255.0
    nearest = position.round()
    position = torch.where((position - nearest).abs() < 1e-3, nearest, position)
    below = position.floor().clamp(max=254)
    fraction = position - below
    index = below.long().flatten(2)
    low = table.gather(2, index).view_as(image)
    high = table.gather(2, index + 1).view_as(image)
    return torch.lerp(low, high, fraction)


def log_image(image: Tensor) -> Tensor:
    """``log(max(x + 1e-3, 1e-3))``, which expands shadows; N x 3 x H x W."""
    return (image + _OFFSET).clamp_min(_OFFSET).log()


def color_map(image: Tensor) -> Tensor:
    """Illumination-invariant chromaticity C(x): ``u / (sum of channels of u + 1e-4)``, ``u = x + 1e-3``."""
    shifted = image + _OFFSET
    return shifted / (shifted.sum(1, keepdim=True) + _TINY)


def reference_color_map(reference: Tensor) -> Tensor:
    """C of a well-exposed photo: ``x / (sum of channels + 1e-4)``, the latent mean of the random selector."""
    return reference / (reference.sum(1, keepdim=True) + _TINY)


def noise_map(color: Tensor) -> Tensor:
    """N(x): ``max(|dC/dy|, |dC/dx|)`` by central differences, with zeros outside the image."""
    padded = functional.pad(color, (1, 1, 1, 1))
    down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]).abs()
    right = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]).abs()
    return torch.maximum(down, right) * 0.5


def network_input(image: Tensor, equalized: Tensor) -> Tensor:
    """Concatenate log image, equalized image, color map and noise map: N x 12 x H x W."""
    color = color_map(image)
    return torch.cat([log_image(image), equalized, color, noise_map(color)], 1)
