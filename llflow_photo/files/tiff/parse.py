"""Parsing TIFF structure from untrusted bytes: all offsets and counts are checked."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from typing import TypeAlias

from ...errors import FormatError
from ..metadata.exif_text import little_endian_comment
from .directory import (
    ASCII,
    BYTE,
    DOUBLE,
    FLOAT,
    IFD,
    IFD8,
    LONG,
    LONG8,
    RATIONAL,
    SLONG,
    SLONG8,
    SRATIONAL,
    STRUCT_CODES,
    TYPE_SIZES,
    UNDEFINED,
    UTF8,
    Directory,
    Entry,
)
from .tags import Tag

__all__ = ["Buffer", "is_tiff", "numbers_of", "packet_of", "parse_tiff", "place_of", "text_of"]

Buffer: TypeAlias = bytes | memoryview | mmap.mmap

_MAX_ENTRIES = 4096
_MAX_DIRECTORIES = 64
_MAX_VALUE_BYTES = 64 << 20
_CODES = STRUCT_CODES | {LONG8: "Q", SLONG8: "q", IFD8: "Q"}
_SIZES = TYPE_SIZES | {LONG8: 8, SLONG8: 8, IFD8: 8, UTF8: 1}
# Fields whose values are offsets of other directories.
_POINTERS = {Tag.SubIFDs, Tag.ExifIFD, Tag.GPSInfo, Tag.InteroperabilityIFD}
# Offsets and sizes of strips and tiles, which exceed 4 GB in large BigTIFF files.
_PLACES = {Tag.StripOffsets, Tag.StripByteCounts, Tag.TileOffsets, Tag.TileByteCounts}
# Streams of bytes with a byte order of their own, though some are declared as numbers (IPTC often as LONG).
_PACKETS = {
    Tag.XMP, Tag.IPTC, Tag.Photoshop, Tag.ICCProfile, Tag.DNGPrivateData, Tag.OpcodeList1, Tag.OpcodeList2,
    Tag.OpcodeList3,
}  # fmt: skip
# Olympus, Panasonic and Leica use version numbers of their own instead of 42.
_MAGICS = {42, 43, 0x4F52, 0x5352, 0x0055}


def is_tiff(head: bytes) -> bool:
    """Whether a file with these first bytes has TIFF structure (TIFF, DNG, and most RAW formats)."""
    if len(head) < 8 or head[:2] not in (b"II", b"MM"):
        return False
    order = "<" if head[:2] == b"II" else ">"
    return int(struct.unpack_from(order + "H", head, 2)[0]) in _MAGICS


def parse_tiff(data: Buffer, start: int = 0) -> list[Directory]:
    """The chain of directories of a TIFF-structured block; pointers are replaced by the directories.

    Values outside the data, and directories that were already visited, are left out. Packets (XMP, IPTC and
    others) are bytes, whatever type the file declares.

    Args:
        data: file or block.
        start: offset of the TIFF header in it, to which offsets are relative.

    Raises:
        FormatError: there is no TIFF header or no readable directory.
    """
    return _Parser(data, start).chain()


def place_of(data: Buffer, wanted: Directory) -> int | None:
    """Offset of a directory that `parse_tiff` found in a TIFF file; None if it is not there."""
    parser = _Parser(data, 0)
    parser.chain()
    return next((place for place, directory in parser.places if directory == wanted), None)


class _Parser:
    def __init__(self, data: Buffer, start: int) -> None:
        self.data, self.start, self.size = data, start, len(data)
        head = bytes(data[start : start + 16])
        if not is_tiff(head):
            raise FormatError("the data has no TIFF header")
        self.order = "<" if head[:2] == b"II" else ">"
        self.big = struct.unpack_from(self.order + "H", head, 2)[0] == 43
        if self.big and len(head) < 16:
            raise FormatError("the TIFF header is truncated")
        self.first = struct.unpack_from(self.order + ("Q" if self.big else "I"), head, 8 if self.big else 4)[
            0
        ]
        self.seen: set[int] = set()
        self.places: list[tuple[int, Directory]] = []

    def chain(self) -> list[Directory]:
        directories = list(self._chain(self.first))
        if not directories:
            raise FormatError("the TIFF data holds no readable directory")
        return directories

    def _chain(self, offset: int) -> Iterator[Directory]:
        while offset and offset not in self.seen and len(self.seen) < _MAX_DIRECTORIES:
            self.seen.add(offset)
            parsed = self._directory(offset)
            if parsed is None:
                return
            directory, offset = parsed
            yield directory

    def _unpack(self, code: str, offset: int) -> int | None:
        position = self.start + offset
        size = struct.calcsize(self.order + code)
        if position < 0 or position + size > self.size:
            return None
        return int(struct.unpack_from(self.order + code, self.data, position)[0])

    def _directory(self, offset: int) -> tuple[Directory, int] | None:
        count = self._unpack("Q" if self.big else "H", offset)
        if count is None or count > _MAX_ENTRIES:
            return None
        head, record = (8, 20) if self.big else (2, 12)
        directory: Directory = {}
        for index in range(count):
            self._entry(directory, offset + head + index * record)
        self.places.append((offset, directory))
        following = self._unpack("Q" if self.big else "I", offset + head + count * record)
        return directory, following or 0

    def _entry(self, directory: Directory, offset: int) -> None:
        code, type_ = self._unpack("H", offset), self._unpack("H", offset + 2)
        count = self._unpack("Q" if self.big else "I", offset + 4)
        if code is None or type_ is None or count is None or type_ not in _SIZES:
            return
        size = _SIZES[type_] * count
        field = offset + (12 if self.big else 8)
        if size > _MAX_VALUE_BYTES:
            return
        if size > (8 if self.big else 4):
            place = self._unpack("Q" if self.big else "I", field)
            if place is None:
                return
            field = place
        begin = self.start + field
        if begin + size > self.size:
            return
        payload = bytes(self.data[begin : begin + size])
        if code in _POINTERS and type_ in (LONG, IFD, LONG8, IFD8):
            children = [
                child
                for place in self._numbers(type_, payload)
                if (child := self._child(int(place))) is not None
            ]
            if children:
                directory[code] = Entry(IFD, tuple(children))
            return
        if code in _PACKETS and type_ not in (BYTE, ASCII, UTF8):
            directory[code] = Entry(UNDEFINED, payload)
            return
        entry = self._value(type_, payload)
        if code in _PLACES or _is_classic(entry):
            directory[code] = entry

    def _child(self, offset: int) -> Directory | None:
        if offset in self.seen or len(self.seen) >= _MAX_DIRECTORIES:
            return None
        self.seen.add(offset)
        parsed = self._directory(offset)
        return parsed[0] if parsed else None

    def _value(self, type_: int, payload: bytes) -> Entry:
        if type_ == UTF8:  # readers of ASCII accept UTF-8, older ones ignore this type
            return Entry(ASCII, payload)
        if type_ == UNDEFINED:
            return Entry(type_, little_endian_comment(payload, self.order))
        if type_ in (BYTE, ASCII):
            return Entry(type_, payload)
        if type_ in (RATIONAL, SRATIONAL):
            code = "I" if type_ == RATIONAL else "i"
            numbers = struct.unpack(f"{self.order}{len(payload) // 4}{code}", payload)
            return Entry(type_, tuple(zip(numbers[::2], numbers[1::2], strict=True)))
        numbers = self._numbers(type_, payload)
        # Classic TIFF has no 64-bit integers; values that fit become LONG. IFD is used for pointers only.
        return Entry({LONG8: LONG, SLONG8: SLONG, IFD8: LONG, IFD: LONG}.get(type_, type_), numbers)

    def _numbers(self, type_: int, payload: bytes) -> tuple[float, ...]:
        return struct.unpack(f"{self.order}{len(payload) // _SIZES[type_]}{_CODES[type_]}", payload)


def numbers_of(directory: Directory, code: int) -> tuple[float, ...]:
    """A field as numbers, with rationals divided; empty if it is missing."""
    entry = directory.get(code)
    if entry is None or entry.type in (ASCII, IFD):
        return ()
    if entry.type in (RATIONAL, SRATIONAL):
        return tuple(a / b if b else 0.0 for a, b in entry.value)
    if entry.type in (FLOAT, DOUBLE):
        return tuple(float(v) for v in entry.value)
    return tuple(entry.value)


def packet_of(directory: Directory, code: int) -> bytes | None:
    """A field as the bytes of the file; None if it is missing, empty, or holds numbers."""
    entry = directory.get(code)
    return entry.value if entry is not None and entry.value and isinstance(entry.value, bytes) else None


def _is_classic(entry: Entry) -> bool:
    """Whether the numbers fit into classic TIFF, where 64-bit integers become LONG or SLONG."""
    if entry.type == LONG:
        return all(0 <= value < 1 << 32 for value in entry.value)
    if entry.type == SLONG:
        return all(-(1 << 31) <= value < 1 << 31 for value in entry.value)
    return True


def text_of(directory: Directory, code: int) -> str:
    """A field as text; empty if it is missing."""
    entry = directory.get(code)
    if entry is None or entry.type not in (ASCII, BYTE, UNDEFINED):
        return ""
    return bytes(entry.value).split(b"\0")[0].decode("utf-8", "replace").strip()
