"""Small versions of a whole photo: the input of the whole-photo branch, and one to render looks with.

Both are means of all pixels. A few of them, such as every n-th row and column, would miss small lamps or
overrate them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..color.fast_curves import linear_light
from ..sampling import CellMeans, row_blocks

__all__ = ["THUMBNAIL", "rows_of", "small_shape", "small_version", "thumbnail"]

THUMBNAIL = 64
"""Rows and columns of a thumbnail, for any aspect ratio of the photo."""

_SMALL_AREA = 1 << 16
_SMALL_MULTIPLE = 8
_SMALL_LONGEST = 1024


def thumbnail(view: np.ndarray) -> np.ndarray:
    """Average a photo in linear light over a grid of `THUMBNAIL` x `THUMBNAIL` cells.

    Averages of many pixels hardly depend on noise or on the photo's scale.

    Args:
        view: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.

    Returns:
        3 x `THUMBNAIL` x `THUMBNAIL`, float32, linear light, in [0, 1].
    """
    means = CellMeans(view.shape[:2], (THUMBNAIL, THUMBNAIL))
    for rows in rows_of(view):
        means.add(linear_light(rows))
    return np.ascontiguousarray(means.result().transpose(2, 0, 1))


def small_version(view: np.ndarray) -> np.ndarray:
    """Scale a photo down to `small_shape` by averaging; smaller photos are returned as they are.

    Args:
        view: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.

    Returns:
        h x w x 3, float32, sRGB-encoded, in [0, 1].
    """
    means = CellMeans(view.shape[:2], small_shape(view.shape[:2]))
    for rows in rows_of(view):
        means.add(rows)
    return means.result()


def small_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the small version of a photo of this height and width.

    It has about `_SMALL_AREA` pixels and sides that are multiples of 8, unless the photo is smaller. Neither
    side is longer than `_SMALL_LONGEST`, which changes the proportions of very long photos.
    """
    scale = math.sqrt(_SMALL_AREA / (shape[0] * shape[1]))
    return _small_side(shape[0], scale), _small_side(shape[1], scale)


def _small_side(side: int, scale: float) -> int:
    if scale < 1.0:
        side = max(1, round(side * scale / _SMALL_MULTIPLE)) * _SMALL_MULTIPLE
    return min(side, _SMALL_LONGEST)


def rows_of(view: np.ndarray) -> Iterator[np.ndarray]:
    """All rows of a photo in order, in blocks of h x W x 3, float32, in [0, 1].

    Args:
        view: H x W x 3, sRGB-encoded, float or uint8.
    """
    for rows in row_blocks(view.shape[:2]):
        encoded = view[rows].astype(np.float32)
        if view.dtype == np.uint8:
            encoded /= np.float32(255)
        yield np.clip(encoded, 0.0, 1.0, out=encoded)
