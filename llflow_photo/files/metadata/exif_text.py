"""Text of EXIF fields that name their character code (UserComment and others; Exif 2.32, table 9)."""

from __future__ import annotations

__all__ = ["little_endian_comment"]

_UNICODE = b"UNICODE\0"


def little_endian_comment(payload: bytes, order: str) -> bytes:
    """A field that begins with ``UNICODE`` with its text in little-endian UTF-16; others as they are.

    Blocks are written little-endian here, and readers take the text to be in the block's order.

    Args:
        payload: the field's bytes.
        order: of the block it comes from, ``<`` or ``>``; programs do not always follow it.
    """
    if not payload.startswith(_UNICODE):
        return payload
    text = payload[len(_UNICODE) :]
    even = text[: len(text) // 2 * 2]
    if even.startswith((b"\xff\xfe", b"\xfe\xff")):
        big = even.startswith(b"\xfe\xff")
    else:
        # Of the two bytes of a character the upper one varies less.
        upper_if_big, upper_if_little = len(set(even[0::2])), len(set(even[1::2]))
        big = order == ">" if upper_if_big == upper_if_little else upper_if_big < upper_if_little
    if not big:
        return payload
    swapped = bytearray(even)
    swapped[0::2], swapped[1::2] = even[1::2], even[0::2]
    return _UNICODE + bytes(swapped) + text[len(even) :]
