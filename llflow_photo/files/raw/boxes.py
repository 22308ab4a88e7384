"""XMP of CR3 files, which consist of boxes. Sources: ISO 14496-12; ISO 16684-3 (UUID of XMP)."""

from __future__ import annotations

import struct
import uuid

from ..tiff.parse import Buffer

__all__ = ["xmp_of_boxes"]

_XMP = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_MAX_BOXES = 256
_MAX_PACKET = 16 << 20


def xmp_of_boxes(data: Buffer) -> bytes | None:
    """The packet in the XMP box of a file; None if there is none."""
    position = 0
    for _ in range(_MAX_BOXES):
        head = bytes(data[position : position + 16])
        if len(head) < 8:
            return None
        size, kind = struct.unpack_from(">I4s", head)
        start = position + 8
        if size == 1 and len(head) == 16:  # large boxes
            (size,) = struct.unpack_from(">Q", head, 8)
            start += 8
        end = position + size if size else len(data)
        if end < start or end > len(data):
            return None
        if kind == b"uuid" and bytes(data[start : start + 16]) == _XMP:
            packet = bytes(data[start + 16 : min(end, start + 16 + _MAX_PACKET)]).strip(b"\0")
            return packet or None
        position = end
    return None
