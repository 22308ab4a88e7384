"""Conversion of pixels for output: color space, clipping and rounding, in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..color.spaces import ColorSpace, convert
from ..errors import NonFiniteOutputError
from ..photo import Photo

__all__ = ["check_finite", "quantized", "quantized_whole", "row_blocks"]

_BLOCK_PIXELS = 1 << 19


def row_blocks(photo: Photo) -> Iterator[slice]:
    """Slices of rows of about half a million pixels."""
    step = max(1, _BLOCK_PIXELS // max(1, photo.width))
    for start in range(0, photo.height, step):
        yield slice(start, min(start + step, photo.height))


def check_finite(photo: Photo) -> None:
    """Refuse to write pixels that are not finite.

    Raises:
        NonFiniteOutputError: a pixel is NaN or infinite.
    """
    for rows in row_blocks(photo):
        if not np.isfinite(photo.pixels[rows]).all():
            raise NonFiniteOutputError(
                "the result holds pixels that are not finite (NaN or infinite); nothing was written. "
                "Try another seed or a lower temperature"
            )


def quantized(photo: Photo, space: ColorSpace, bit_depth: int) -> Iterator[np.ndarray]:
    """Blocks of rows, rows x W x 3, in ``space``: clipped and rounded to ``bit_depth`` bits, or unclipped
    float32 for 32.

    8 bits are uint8, 10 and 16 bits are uint16; white is the maximum value of the bit depth.
    """
    for rows in row_blocks(photo):
        block = convert(photo.pixels[rows], photo.color_space, space)
        if bit_depth == 32:
            yield block
            continue
        top = (1 << bit_depth) - 1
        np.clip(block, 0.0, 1.0, out=block)
        block *= np.float32(top)
        np.rint(block, out=block)
        yield block.astype(np.uint8 if bit_depth == 8 else np.uint16)


def quantized_whole(photo: Photo, space: ColorSpace, bit_depth: int) -> np.ndarray:
    """The whole photo, H x W x 3: uint8 for 8 bits, uint16 for 10 and 16."""
    out = np.empty(photo.pixels.shape, np.uint8 if bit_depth == 8 else np.uint16)
    for rows, block in zip(row_blocks(photo), quantized(photo, space, bit_depth), strict=True):
        out[rows] = block
    return out
