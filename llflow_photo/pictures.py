"""Conversion of arrays and PIL images to photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .errors import ImageInputError
from .photo import Photo

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["photo_of_array", "photo_of_image"]

_WHITE = {"uint8": 255.0, "uint16": 65535.0}
_TOLERANCE = 1e-3


def photo_of_array(array: np.ndarray) -> Photo:
    """A photo from an array of sRGB-encoded values.

    Args:
        array: H x W x 3, or H x W for gray; uint8, uint16, or float in [0, 1].

    Raises:
        ImageInputError: shape, type or values are not supported; the encoding is never guessed from values.
    """
    array = np.asarray(array)
    if array.ndim == 2:
        array = array[..., None].repeat(3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        hint = "; drop the alpha channel with image[..., :3]" if array.shape[2:] == (4,) else ""
        raise ImageInputError(f"the image has shape {array.shape}; give height x width x 3{hint}")
    if array.dtype.name in _WHITE:
        pixels = array.astype(np.float32) / np.float32(_WHITE[array.dtype.name])
        return Photo(pixels, bit_depth=8 * array.dtype.itemsize)
    if array.dtype.kind != "f":
        raise ImageInputError(f"the image has type {array.dtype}; give uint8, uint16, or float in [0, 1]")
    return Photo(_checked(array), bit_depth=32)


def _checked(array: np.ndarray) -> np.ndarray:
    pixels = array.astype(np.float32)
    if bad := int(np.count_nonzero(~np.isfinite(pixels))):
        raise ImageInputError(f"the image has {bad} values that are not finite (NaN or infinite)")
    low, high = float(pixels.min()), float(pixels.max())
    if low < -_TOLERANCE or high > 1.0 + _TOLERANCE:
        raise ImageInputError(
            f"the image's values go from {low:g} to {high:g}; give sRGB-encoded values in [0, 1]: clip them, "
            f"or divide by the white level"
        )
    return np.clip(pixels, 0.0, 1.0)


def photo_of_image(image: Image.Image) -> Photo:
    """A photo from a PIL image, upright, in the color space of its profile.

    Raises:
        ImageInputError: the pixels cannot be loaded, or the mode is not supported.
    """
    from .files.pillow.images import pillow_samples
    from .files.reading import photo_of_samples

    if not image.width or not image.height:
        raise ImageInputError(f"the image is {image.width}x{image.height}; there is nothing to enhance")
    try:
        return photo_of_samples(pillow_samples(image), None)
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageInputError(f"the image of mode {image.mode} cannot be loaded: {error}") from error
