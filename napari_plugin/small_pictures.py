"""Fast thumbnails of photo files, from the embedded preview if there is one.

Call these functions in threads: RAW files without a preview are decoded at half size.
"""

from __future__ import annotations

import io
import os
import threading
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.files import is_raw

__all__ = ["QUARTER_TURNS", "Thumbnails", "small_picture"]

QUARTER_TURNS = (5, 6)
"""LibRaw's values of the two turns by 90 degrees."""
_DRAFTS = ("JPEG", "MPO")
"""Formats that can be decoded at an eighth, a quarter or half of their size."""


def small_picture(path: Path, side: int, whole: bool = True) -> np.ndarray | None:
    """A reduced image of a photo, upright.

    Args:
        side: desired longest side, in pixels; the image may be larger.
        whole: read the whole file if it has no smaller version, such as PNG and TIFF.

    Returns:
        h x w x 3, uint8, sRGB; None if there is none, or if the file is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _of_raw(path, side) if is_raw(path) else _of_raster(path, side)
            return _read(path, side) if found is None and whole else found
    except (OSError, ValueError, SyntaxError, LLFlowPhotoError, Image.DecompressionBombError):
        return None


def _of_raw(path: Path, side: int) -> np.ndarray | None:
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            found = _embedded(raw, side)
            if found is None:  # LibRaw applies a curve close to sRGB, and the orientation
                found = raw.postprocess(half_size=True, use_camera_wb=True, no_auto_bright=True, output_bps=8)
            return found
    except rawpy.LibRawError:
        return None


def _embedded(raw: Any, side: int) -> np.ndarray | None:
    """The embedded preview of a RAW file, upright."""
    import rawpy

    try:
        thumb = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if thumb.format != rawpy.ThumbFormat.JPEG:
        return None
    sizes = raw.sizes
    with Image.open(io.BytesIO(thumb.data)) as opened:
        image = _reduced(opened, side)
    upright_is_tall = (sizes.height > sizes.width) != (sizes.flip in QUARTER_TURNS)
    if (image.shape[0] > image.shape[1]) != upright_is_tall:
        image = np.rot90(image, {5: 1, 6: -1}.get(sizes.flip, 0))
    return np.ascontiguousarray(image)


def _of_raster(path: Path, side: int) -> np.ndarray | None:
    with Image.open(path) as opened:
        return _reduced(opened, side) if opened.format in _DRAFTS else None


def _reduced(opened: Image.Image, side: int) -> np.ndarray:
    """A JPEG decoded at a fraction of its size, but not smaller than requested, upright."""
    longest = max(opened.size)
    width, height = (max(1, side * length // longest) for length in opened.size)
    opened.draft("RGB", (width, height))
    opened.thumbnail((2 * side, 2 * side), Image.Resampling.BOX)
    return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))


def _read(path: Path, side: int) -> np.ndarray:
    from llflow_photo import files
    from llflow_photo.color.spaces import SRGB, convert
    from llflow_photo.explore.region import subsample

    photo = files.read(path)
    pixels = convert(np.ascontiguousarray(subsample(photo.pixels, 2 * side * side)), photo.color_space, SRGB)
    return np.asarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8))


class Thumbnails:
    """A cache of thumbnails; each is read again only if its file changes.

    Args:
        side: longest side, in pixels.
        most: maximum number of thumbnails; the least recently used are discarded.
    """

    def __init__(self, side: int, most: int = 3000) -> None:
        self.side = side
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int, int], np.ndarray | None] = OrderedDict()

    def read(self, path: Path) -> np.ndarray | None:
        """The thumbnail of a file, h x w x 3, uint8; None if it has none."""
        try:
            state = os.stat(path)
        except OSError:
            return None
        key = (str(path), state.st_size, state.st_mtime_ns)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = small_picture(path, self.side)
        if made is not None:
            picture = Image.fromarray(made)
            picture.thumbnail((self.side, self.side), Image.Resampling.BOX)
            made = np.asarray(picture)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
