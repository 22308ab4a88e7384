"""How many pixels a side each format holds."""

from __future__ import annotations

from pathlib import Path

from ..errors import WriteError
from .encoding import Encoding

__all__ = ["MAX_SIDE", "check_dimensions"]

MAX_SIDE = {"jpeg": 65500, "webp": 16383, "avif": 65536, "heic": 65535}
"""Pixels: limits of libjpeg, libwebp, libavif, and of sizes in HEIF files. Other formats hold any photo."""


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
