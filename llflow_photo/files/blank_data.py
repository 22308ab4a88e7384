"""Picture data that was never transferred: files of the right size with zeros where pixels should be."""

from __future__ import annotations

import struct

from ..errors import ReadError
from .heif_boxes import picture_extents

__all__ = ["check_not_blank"]

# Arithmetic-coded data of these formats never holds so many zeros in a row.
_ZEROS = bytes(1024)


def check_not_blank(data: bytes, kind: str, name: str) -> None:
    """Refuse a WebP, AVIF or HEIC file with a hole in its picture, which decoders fill with anything.

    Args:
        data: the file.
        kind: ``webp``, ``avif`` or ``heif``.
        name: of the file.

    Raises:
        ReadError: a part of the picture is missing.
    """
    extents = _webp_extents(data) if kind == "webp" else picture_extents(data)
    for start, size in extents:
        if data.find(_ZEROS, start, start + size) >= 0:
            raise ReadError(
                f"{name} is truncated or damaged: a part of its picture is missing (zeros instead of data); "
                "copy it again"
            )


def _webp_extents(data: bytes) -> list[tuple[int, int]]:
    """Of the chunks with pixels (RFC 9649)."""
    extents, position = [], 12
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, position)
        if kind in (b"VP8 ", b"VP8L", b"ALPH"):
            extents.append((position + 8, size))
        position += 8 + size + size % 2
    return extents
