"""The size of a photo, read from its file's header only."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image

from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.files import is_raw

from .small_pictures import QUARTER_TURNS

__all__ = ["reads_long", "size_of"]

_LARGE, _LARGE_RAW = 1_500_000, 350_000
"""Pixels of photos, and of RAW files, which are developed, that are read in 0.06 s or less."""


def reads_long(path: Path, size: tuple[int, int]) -> bool:
    """Whether reading a photo of this height and width would block the window too long."""
    return size[0] * size[1] > (_LARGE_RAW if is_raw(path) else _LARGE)


def size_of(path: Path) -> tuple[int, int] | None:
    """Height and width of the upright photo, in pixels; approximate for files of some cameras.

    Returns:
        None if the header cannot be read; reading the file reports the error.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _of_raw(path) if is_raw(path) else _of_raster(path)
    except (OSError, ValueError, SyntaxError, LLFlowPhotoError, Image.DecompressionBombError):
        return None


def _of_raw(path: Path) -> tuple[int, int] | None:
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            sizes = raw.sizes
    except rawpy.LibRawError:
        return None
    turned = sizes.flip in QUARTER_TURNS
    return (sizes.width, sizes.height) if turned else (sizes.height, sizes.width)


def _of_raster(path: Path) -> tuple[int, int]:
    with Image.open(path) as opened:
        width, height = opened.size
        turned = opened.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (width, height) if turned else (height, width)
