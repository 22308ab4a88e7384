"""How many pixels a side each format holds."""

from __future__ import annotations

from pathlib import Path

from ..errors import WriteError
from .encoding import Encoding

__all__ = ["MAX_SIDE", "check_dimensions"]

MAX_SIDE = {"jpeg": 65500, "webp": 16383, "avif": 32768, "heic": 65528, "dng": 64000}
"""Pixels that libjpeg and libwebp write, and that libavif, libheif and LibRaw read again.

Other formats hold any photo.
"""

_MAX_PIXELS = {"avif": 1 << 28}


def check_dimensions(path: Path, encoding: Encoding | None, width: int, height: int) -> None:
    """Say before the work whether a photo is too large for the format it will be written in.

    Args:
        path: of the file; only its name is looked at.
        encoding: as of `write`.
        width, height: of the photo, pixels.

    Raises:
        OptionError: the format is unknown.
        WriteError: the photo is too large for it.
    """
    name = str((encoding or Encoding()).for_file(path, 8).format)
    limit = MAX_SIDE.get(name)
    if limit is not None and max(width, height) > limit:
        raise WriteError(
            f"{name} holds at most {limit} pixels a side, the photo has {width} x {height}; write TIFF or PNG"
        )
    if width * height > _MAX_PIXELS.get(name, width * height):
        raise WriteError(
            f"{name} holds at most {_MAX_PIXELS[name] / 1e6:.0f} megapixels, the photo has "
            f"{width * height / 1e6:.0f}; write TIFF or PNG"
        )
