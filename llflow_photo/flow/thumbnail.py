"""The thumbnail of a whole photo: the input of the whole-photo branch."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

__all__ = ["THUMBNAIL", "thumbnail"]

THUMBNAIL = 64
"""Rows and columns of a thumbnail, for any aspect ratio of the photo."""

_READ = 1 << 21


def thumbnail(view: np.ndarray) -> np.ndarray:
    """Average a photo in linear light over a grid of `THUMBNAIL` x `THUMBNAIL` cells.

    Averages of many pixels hardly depend on noise or on the photo's scale. Of photos above two megapixels
    only every n-th row and column is read.

    Args:
        view: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.

    Returns:
        3 x `THUMBNAIL` x `THUMBNAIL`, float32, linear light, in [0, 1].
    """
    step = max(1, math.isqrt(view.shape[0] * view.shape[1] // _READ))
    part = view[step // 2 :: step, step // 2 :: step] if min(view.shape[:2]) > step else view
    encoded = part.astype(np.float32) / np.float32(255 if part.dtype == np.uint8 else 1)
    linear = _linear(np.clip(encoded, 0.0, 1.0, out=encoded))
    channels_first = torch.from_numpy(np.ascontiguousarray(linear.transpose(2, 0, 1)))[None]
    return functional.adaptive_avg_pool2d(channels_first, THUMBNAIL)[0].numpy()


def _linear(encoded: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, encoded to linear light."""
    curved = ((encoded + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(encoded > 0.04045, curved, encoded / np.float32(12.92))
