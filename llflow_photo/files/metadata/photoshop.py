"""Photoshop image resources in JPEG, TIFF and PNG files. Source: Adobe Photoshop File Formats."""

from __future__ import annotations

import struct

__all__ = ["iptc_of_resources"]

_SIGNATURE, _IPTC_RESOURCE = b"8BIM", b"\x04\x04"


def iptc_of_resources(block: bytes) -> bytes | None:
    """IPTC-IIM among the resources, or the block itself if it is IPTC; None if there is none."""
    if not block.startswith(_SIGNATURE):
        return block if block[:1] == b"\x1c" else None
    position = 0
    while block[position : position + 4] == _SIGNATURE and position + 12 <= len(block):
        name_length = block[position + 6]
        start = position + 6 + (name_length + 2) // 2 * 2
        if start + 4 > len(block):
            return None
        (size,) = struct.unpack_from(">I", block, start)
        if block[position + 4 : position + 6] == _IPTC_RESOURCE:
            return block[start + 4 : start + 4 + size] or None
        position = start + 4 + size + size % 2
    return None
