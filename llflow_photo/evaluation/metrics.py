"""Image quality against a reference.

Images are H x W x 3, float, sRGB-encoded, in [0, 1]. Most published low-light scores are brightness-aligned
(also known as GT-mean): the image's mean brightness is first scaled to the reference's (`align_brightness`).
Every metric here should be reported both as is and brightness-aligned.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["align_brightness", "gray", "psnr", "ssim", "ssim_map"]

_GRAY = np.array([0.299, 0.587, 0.114])

_LARGEST_BANDED = 384
"""Images with sides up to this are convolved by matrix products, which for crops are three times as fast."""


def gray(image: np.ndarray) -> np.ndarray:
    """BT.601 luma, H x W."""
    luma: np.ndarray = image @ _GRAY.astype(image.dtype)
    return luma


def align_brightness(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Scale the image to the mean luma of the reference, clipped to [0, 1]."""
    mean = float(gray(image).mean())
    scale = float(gray(reference).mean()) / max(mean, 1e-6)
    return np.clip(image * scale, 0.0, 1.0)


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """Peak signal-to-noise ratio over all channels, in dB; infinite for identical images."""
    error = float(np.mean((image.astype(np.float64) - reference.astype(np.float64)) ** 2))
    return math.inf if error == 0.0 else -10.0 * math.log10(error)


def ssim(image: np.ndarray, reference: np.ndarray) -> float:
    """Structural similarity, mean over positions and channels; H x W (gray) or H x W x 3."""
    first, second = (_planes(x) for x in (image, reference))
    return float(ssim_map(first, second).mean())


def _planes(image: np.ndarray) -> Tensor:
    channels = image if image.ndim == 3 else image[..., None]
    return torch.from_numpy(np.ascontiguousarray(channels.transpose(2, 0, 1))).double()[:, None]


def ssim_map(first: Tensor, second: Tensor) -> Tensor:
    """SSIM at each position where its window fits (Wang et al. 2004), 11 x 11 Gaussian of 1.5 pixels.

    Differentiable. N x C x H x W (H, W at least 11) to N x C x (H - 10) x (W - 10), range [-1, 1].
    """
    window = _gaussian_window(first)
    banded = [_banded(window, side) for side in first.shape[2:] if side <= _LARGEST_BANDED]

    def blur(x: Tensor) -> Tensor:
        if len(banded) == 2:
            return banded[0] @ (x @ banded[1].T)
        channels = x.shape[1]
        x = functional.conv2d(x, window.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
        return functional.conv2d(x, window.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)

    mean_first, mean_second = blur(first), blur(second)
    variance_first = blur(first * first) - mean_first**2
    variance_second = blur(second * second) - mean_second**2
    covariance = blur(first * second) - mean_first * mean_second
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_first * mean_second + c1) / (mean_first**2 + mean_second**2 + c1)
    structure = (2 * covariance + c2) / (variance_first + variance_second + c2)
    return luminance * structure


def _banded(window: Tensor, side: int) -> Tensor:
    """The matrix whose product with ``side`` values is their convolution with a window, where it fits."""
    count = side - len(window) + 1
    matrix = window.new_zeros(count, side)
    for offset, weight in enumerate(window):
        matrix.diagonal(offset)[:count] = weight
    return matrix


def _gaussian_window(like: Tensor) -> Tensor:
    offset = torch.arange(-5, 6, dtype=like.dtype, device=like.device)
    window = torch.exp(-(offset**2) / (2 * 1.5**2))
    return window / window.sum()
