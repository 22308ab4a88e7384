"""Header of a JPEG XL codestream: bit depth and orientation. Source: ISO/IEC 18181-1, annexes A and D."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["JxlHeader", "find_boxes", "read_jxl_header"]

_SIGNATURE = b"\xff\x0a"
_CONTAINER = b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a"


@dataclass(frozen=True)
class JxlHeader:
    """Bits per sample, whether samples are floating point, and the orientation of the stored pixels."""

    bits: int = 8
    is_float: bool = False
    orientation: int = 1


class _Bits:
    """Reader of bits, least significant first."""

    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self.left:
            raise EOFError("the JPEG XL header is truncated")
        value = self.value & ((1 << count) - 1)
        self.value >>= count
        self.left -= count
        return value

    def choice(self, *options: tuple[int, int]) -> int:
        """U32 of the standard: two bits choose a constant and a number of bits to add."""
        base, count = options[self.take(2)]
        return base + self.take(count)


def read_jxl_header(data: bytes) -> JxlHeader | None:
    """Header of a codestream, bare or in a container; None if it cannot be read."""
    stream = data
    if data.startswith(_CONTAINER):
        whole, part = next(find_boxes(data, b"jxlc"), None), next(find_boxes(data, b"jxlp"), b"")
        stream = whole if whole is not None else part[4:]
    if not stream.startswith(_SIGNATURE):
        return None
    try:
        return _header(_Bits(stream[2:66]))
    except (EOFError, IndexError):
        return None


def _header(bits: _Bits) -> JxlHeader | None:
    _size(bits)
    if bits.take(1):
        return JxlHeader()
    orientation = 1
    if bits.take(1):
        orientation = bits.take(3) + 1
        if bits.take(1):
            _size(bits)
        if bits.take(1) or bits.take(1):  # a preview or an animation, which still photos do not have
            return None
    if bits.take(1):
        return JxlHeader(bits.choice((32, 0), (16, 0), (24, 0), (1, 6)), True, orientation)
    return JxlHeader(bits.choice((8, 0), (10, 0), (12, 0), (1, 6)), False, orientation)


def _size(bits: _Bits) -> None:
    """Skip height, ratio and width; the decoder provides them."""
    sides = ((1, 9), (1, 13), (1, 18), (1, 30))
    small = bits.take(1)
    for is_width in (False, True):
        if is_width and bits.take(3):
            return
        bits.take(5) if small else bits.choice(*sides)


def find_boxes(data: bytes, kind: bytes) -> Iterator[bytes]:
    """Contents of all boxes of a type in a container (ISO/IEC 18181-2)."""
    position = 0
    while position + 8 <= len(data):
        size, start = int.from_bytes(data[position : position + 4], "big"), 8
        if size == 1:
            size, start = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        elif size == 0:
            size = len(data) - position
        if size < start:
            return
        if data[position + 4 : position + 8] == kind:
            yield data[position + start : position + size]
        position += size
