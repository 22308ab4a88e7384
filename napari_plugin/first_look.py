"""A first picture of a large file, in little time: its size, and a small preview if it has one."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.files import is_raw

__all__ = ["FirstLook", "first_look"]

_LARGE = 1_500_000
"""Pixels from which on reading takes so long that a first look is worth it."""
_SIDE = 1024
"""Longest side of the small preview, about."""
_QUARTER_TURNS = (5, 6)
"""LibRaw's codes of the two turns by 90 degrees."""


@dataclass(frozen=True)
class FirstLook:
    """What is known of a photo before it is read.

    Attributes:
        shape: height and width of the upright photo, in pixels; where a camera file is odd, about.
        image: a small preview, h x w x 3, uint8, upright; None where the file has none.
    """

    shape: tuple[int, int]
    image: np.ndarray | None


def first_look(path: Path) -> FirstLook | None:
    """The size and the preview of a large photo; None where reading it outright is as quick, or fails."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            look = _of_raw(path) if is_raw(path) else _of_raster(path)
    except (OSError, ValueError, SyntaxError, LLFlowPhotoError, Image.DecompressionBombError):
        return None  # reading it tells what is wrong
    return look if look is not None and look.shape[0] * look.shape[1] > _LARGE else None


def _of_raw(path: Path) -> FirstLook | None:
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            sizes = raw.sizes
            shape = (sizes.height, sizes.width)
            turned = sizes.flip in _QUARTER_TURNS
            try:
                thumb = raw.extract_thumb()
            except rawpy.LibRawError:
                thumb = None
    except rawpy.LibRawError:
        return None
    image = None
    if thumb is not None and thumb.format == rawpy.ThumbFormat.JPEG:
        with Image.open(io.BytesIO(thumb.data)) as opened:
            image = _small(opened)
        if (image.shape[0] > image.shape[1]) != (shape[0] > shape[1]) != turned:
            image = np.ascontiguousarray(np.rot90(image, {5: 1, 6: -1}.get(sizes.flip, 0)))
    return FirstLook(shape[::-1] if turned else shape, image)


def _of_raster(path: Path) -> FirstLook:
    with Image.open(path) as opened:
        width, height = opened.size
        turned = opened.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        image = _small(opened) if opened.format in ("JPEG", "MPO") else None
    return FirstLook((width, height) if turned else (height, width), image)


def _small(opened: Image.Image) -> np.ndarray:
    """A JPEG decoded at an eighth, a quarter or half of its size, upright."""
    opened.draft("RGB", (_SIDE // 2, _SIDE // 2))
    return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
