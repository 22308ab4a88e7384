"""Maximum image dimensions of each format."""

from __future__ import annotations

from pathlib import Path

from ..errors import WriteError
from ..options import given_or_default
from .encoding import Encoding

__all__ = ["MAX_SIDE", "check_dimensions"]

MAX_SIDE = {"jpeg": 65500, "webp": 16383, "avif": 32768, "heic": 65528, "dng": 64000}
"""Maximum width and height that libjpeg and libwebp write, and that libavif, libheif and LibRaw read.

Other formats have no relevant limit.
"""

_MAX_PIXELS = {"avif": 1 << 28}


def check_dimensions(path: Path, encoding: Encoding | None, width: int, height: int) -> None:
    """Check before rendering that the output format can hold a photo of this size.

    Args:
        path: path of the output file; only its name is used.
        encoding: see `write`.
        width, height: size of the photo, pixels.

    Raises:
        OptionError: the format is unknown.
        WriteError: the photo is too large for it.
    """
    name = str(given_or_default("encoding", encoding, Encoding).for_file(path, 8).format)
    limit = MAX_SIDE.get(name)
    if limit is not None and max(width, height) > limit:
        raise WriteError(
            f"{name} holds at most {limit} pixels per side, the photo is {width} x {height}; use TIFF or PNG"
        )
    if width * height > _MAX_PIXELS.get(name, width * height):
        raise WriteError(
            f"{name} holds at most {_MAX_PIXELS[name] / 1e6:.0f} megapixels, the photo has "
            f"{width * height / 1e6:.0f}; write TIFF or PNG"
        )
