"""Picture data that was never transferred: files of the right size with zeros where pixels should be."""

from __future__ import annotations

import struct

import numpy as np

from ..errors import ReadError
from .pillow.heif_boxes import picture_extents

__all__ = ["blank_rows", "check_not_blank"]

# Arithmetic-coded data of these formats never holds so many zeros in a row.
_ZEROS = bytes(256)
# Of the rows of an uncompressed picture: fewer may be black in earnest.
_BLANK_SHARE, _BLANK_ROWS = 1 / 8, 8


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


def blank_rows(values: np.ndarray) -> list[str]:
    """Note rows at one end of an uncompressed picture that hold nothing but zeros.

    Nothing else shows that the end of such a file is missing. Black bars above and below are no such case.

    Args:
        values: H x W x C, as stored.
    """
    used = np.asarray(values.any(axis=(1, 2)))
    height = used.size
    if not used.any():
        return ["all pixels of the file are 0; the file may be incomplete"]
    above, below = int(np.argmax(used)), int(np.argmax(used[::-1]))
    count = max(above, below)
    if count < max(_BLANK_ROWS, _BLANK_SHARE * height) or min(above, below) >= _BLANK_ROWS:
        return []
    where = "lowest" if below > above else "uppermost"
    return [f"the {where} {count} of {height} rows hold nothing but zeros; the file may be incomplete"]


def _webp_extents(data: bytes) -> list[tuple[int, int]]:
    """Of the chunks with pixels (RFC 9649)."""
    extents, position = [], 12
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, position)
        if kind in (b"VP8 ", b"VP8L", b"ALPH"):
            extents.append((position + 8, size))
        position += 8 + size + size % 2
    return extents
