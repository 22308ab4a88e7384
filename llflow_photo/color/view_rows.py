"""The view of a photo, as the network sees it, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..callbacks import Cancel, raise_if_cancelled
from ..photo import Photo
from ..sampling import row_blocks
from .checks import check_finite, check_shape
from .fast_curves import encoded_light, linear_srgb
from .spaces import SRGB

__all__ = ["ViewRows", "view_rows"]


class ViewRows(NamedTuple):
    """Some rows of a view.

    Attributes:
        rows: their place in the photo.
        encoded: h x W x 3, float32, sRGB-encoded, in [0, 1].
        linear: the same in linear light; None if the photo is sRGB, whose linear light is not needed for it.
    """

    rows: slice
    encoded: np.ndarray
    linear: np.ndarray | None


def view_rows(photo: Photo, cancel: Cancel | None = None) -> Iterator[ViewRows]:
    """The view of a photo in blocks of rows, in order.

    Raises:
        ImageInputError: the pixels are not H x W x 3 or not finite.
        CancelledError: ``cancel``, called before each block of rows, returned true.
    """
    check_shape(photo.pixels)
    for rows in row_blocks((photo.height, photo.width)):
        raise_if_cancelled(cancel)
        pixels = np.asarray(photo.pixels[rows], np.float32)
        if photo.color_space == SRGB:
            check_finite(pixels)
            yield ViewRows(rows, np.clip(pixels, 0.0, 1.0), None)
        else:
            linear = linear_srgb(pixels, photo.color_space)
            check_finite(linear)
            np.clip(linear, 0.0, 1.0, out=linear)
            yield ViewRows(rows, encoded_light(linear), linear)
