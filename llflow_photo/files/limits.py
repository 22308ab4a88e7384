"""Limits on image dimensions, against decompression bombs and damaged headers."""

from __future__ import annotations

from ..errors import FormatError

__all__ = ["DEFAULT_MAX_PIXELS", "check_size"]

DEFAULT_MAX_PIXELS = 600_000_000
# Images up to this size are harmless. Larger ones must have a plausible file size for their pixel count.
_HARMLESS_PIXELS = 50_000_000
_MAX_PIXELS_PER_BYTE = 400
_MAX_SIDE = 1_000_000


def check_size(width: int, height: int, file_bytes: int, max_pixels: int, name: str) -> None:
    """Refuse implausible image dimensions before any memory is allocated.

    Raises:
        FormatError: the size is 0, above ``max_pixels``, or implausible for the size of the file.
    """
    if width <= 0 or height <= 0 or max(width, height) > _MAX_SIDE:
        raise FormatError(f"{name} declares {width} x {height} pixels, which is not a photo")
    pixels = width * height
    if pixels > max_pixels:
        raise FormatError(
            f"{name} declares {width} x {height} pixels ({pixels / 1e6:.0f} megapixels); the limit is "
            f"{max_pixels / 1e6:.0f}. In Python, files.read(path, max_pixels=...) raises it"
        )
    if pixels > _HARMLESS_PIXELS and pixels > _MAX_PIXELS_PER_BYTE * file_bytes:
        raise FormatError(
            f"{name} declares {width} x {height} pixels but has only {file_bytes} bytes; "
            "it looks like a decompression bomb and was not opened"
        )
