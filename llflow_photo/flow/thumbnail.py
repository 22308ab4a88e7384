"""Small versions of a whole photo: the input of the whole-photo branch, and one to render looks with."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

__all__ = ["THUMBNAIL", "small_version", "thumbnail"]

THUMBNAIL = 64
"""Rows and columns of a thumbnail, for any aspect ratio of the photo."""

_READ = 1 << 21
_SMALL_AREA = 1 << 16
_SMALL_MULTIPLE = 8
_SMALL_LONGEST = 1024


def thumbnail(view: np.ndarray) -> np.ndarray:
    """Average a photo in linear light over a grid of `THUMBNAIL` x `THUMBNAIL` cells.

    Averages of many pixels hardly depend on noise or on the photo's scale. Of photos above two megapixels
    only every n-th row and column is read.

    Args:
        view: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.

    Returns:
        3 x `THUMBNAIL` x `THUMBNAIL`, float32, linear light, in [0, 1].
    """
    return _averaged(_linear(_read(view)), (THUMBNAIL, THUMBNAIL))


def small_version(view: np.ndarray) -> np.ndarray:
    """Scale a photo down to about `_SMALL_AREA` pixels by averaging; smaller photos are returned as they are.

    Neither side is longer than `_SMALL_LONGEST`, which changes the proportions of very long photos.

    Of photos above two megapixels only every n-th row and column is read.

    Args:
        view: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.

    Returns:
        h x w x 3, float32, sRGB-encoded, in [0, 1]; h and w are multiples of 8 if it was scaled down.
    """
    read = _read(view)
    scale = math.sqrt(_SMALL_AREA / (view.shape[0] * view.shape[1]))
    rows, cols = (_small_side(side, scale) for side in view.shape[:2])
    if (rows, cols) == view.shape[:2]:
        return read
    return np.ascontiguousarray(_averaged(read, (rows, cols)).transpose(1, 2, 0))


def _small_side(side: int, scale: float) -> int:
    if scale < 1.0:
        side = max(1, round(side * scale / _SMALL_MULTIPLE)) * _SMALL_MULTIPLE
    return min(side, _SMALL_LONGEST)


def _read(view: np.ndarray) -> np.ndarray:
    """At most about `_READ` pixels of a photo, every n-th row and column: h x w x 3, float32, in [0, 1]."""
    step = max(1, math.isqrt(view.shape[0] * view.shape[1] // _READ))
    part = view[step // 2 :: step, step // 2 :: step] if min(view.shape[:2]) > step else view
    encoded = part.astype(np.float32) / np.float32(255 if part.dtype == np.uint8 else 1)
    return np.clip(encoded, 0.0, 1.0, out=encoded)


def _averaged(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Average h x w x 3 over a grid of cells: 3 x rows x cols, float32."""
    channels_first = torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))[None]
    return functional.adaptive_avg_pool2d(channels_first, shape)[0].numpy()


def _linear(encoded: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, encoded to linear light."""
    curved = ((encoded + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(encoded > 0.04045, curved, encoded / np.float32(12.92))
