"""EXIF text fields with a character code prefix (UserComment and others; Exif 2.32, table 9)."""

from __future__ import annotations

__all__ = ["little_endian_comment"]

_UNICODE = b"UNICODE\0"


def little_endian_comment(payload: bytes, order: str) -> bytes:
    """Convert the text of a ``UNICODE`` field to little-endian UTF-16; return other fields unchanged.

    Blocks are written little-endian, and readers expect the text in the byte order of the block.

    Args:
        payload: bytes of the field.
        order: byte order of the source block, ``<`` or ``>``; programs do not always follow it.
    """
    if not payload.startswith(_UNICODE):
        return payload
    text = payload[len(_UNICODE) :]
    even = text[: len(text) // 2 * 2]
    if even.startswith((b"\xff\xfe", b"\xfe\xff")):
        big = even.startswith(b"\xfe\xff")
    else:
        # The upper byte of characters varies less than the lower one.
        upper_if_big, upper_if_little = len(set(even[0::2])), len(set(even[1::2]))
        big = order == ">" if upper_if_big == upper_if_little else upper_if_big < upper_if_little
    if not big:
        return payload
    swapped = bytearray(even)
    swapped[0::2], swapped[1::2] = even[1::2], even[0::2]
    return _UNICODE + bytes(swapped) + text[len(even) :]
