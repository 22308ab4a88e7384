"""Copies of TIFF files for decoders that read the first page only."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .directory import SHORT
from .parse import Buffer
from .tags import Tag

__all__ = ["copy_of_page"]

_BIG_TIFF = 43


def copy_of_page(data: Buffer, place: int) -> bytearray:
    """A copy of a TIFF file whose first page is the one at ``place``, without its orientation.

    Decoders apply the orientation of the field, or that of the XMP packet; both are made ineffective. The
    fields stay in the directory, which remains sorted.

    Args:
        data: content of the file.
        place: offset of the page's directory, see `parse.place_of`.
    """
    copy = bytearray(data[:])
    order = "<" if copy[:2] == b"II" else ">"
    is_big = struct.unpack_from(order + "H", copy, 2)[0] == _BIG_TIFF
    struct.pack_into(order + ("Q" if is_big else "I"), copy, 8 if is_big else 4, place)
    for field in _fields(copy, place, order, is_big):
        code, type_ = struct.unpack_from(order + "HH", copy, field)
        if code == Tag.Orientation:
            _set_one(copy, field, (code, SHORT, 1), order, is_big)
        elif code == Tag.XMP:
            _set_one(copy, field, (code, type_, 0), order, is_big)
    return copy


def _fields(copy: bytearray, place: int, order: str, is_big: bool) -> Iterator[int]:
    """Offsets of the fields of a directory, those beyond the end of the file left out."""
    count = struct.unpack_from(order + ("Q" if is_big else "H"), copy, place)[0]
    head, size = (8, 20) if is_big else (2, 12)
    first = place + head
    return iter(range(first, min(first + count * size, len(copy) - size + 1), size))


def _set_one(copy: bytearray, field: int, content: tuple[int, int, int], order: str, is_big: bool) -> None:
    """Give a field a code, a type, and a single value of up to two bytes, stored in the field itself."""
    code, type_, value = content
    struct.pack_into(order + ("HHQ" if is_big else "HHI"), copy, field, code, type_, 1)
    room = 8 if is_big else 4
    copy[field + 4 + room : field + 4 + 2 * room] = struct.pack(order + "H", value).ljust(room, b"\0")
