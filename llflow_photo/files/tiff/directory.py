"""Encoding image file directories (IFDs), for TIFF, DNG and EXIF blocks.

Source: Adobe, TIFF Revision 6.0 (1992); classic little-endian TIFF only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

__all__ = [
    "ASCII",
    "BYTE",
    "DOUBLE",
    "FLOAT",
    "IFD",
    "IFD8",
    "LONG",
    "LONG8",
    "RATIONAL",
    "SBYTE",
    "SHORT",
    "SLONG",
    "SLONG8",
    "SRATIONAL",
    "SSHORT",
    "STRUCT_CODES",
    "TYPE_SIZES",
    "UNDEFINED",
    "UTF8",
    "Directory",
    "Entry",
    "encode_directories",
    "exif_block",
]

BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED = 1, 2, 3, 4, 5, 6, 7
SSHORT, SLONG, SRATIONAL, FLOAT, DOUBLE, IFD = 8, 9, 10, 11, 12, 13
# Types of BigTIFF, and text in UTF-8 (Exif 3.0). They are read but not written.
LONG8, SLONG8, IFD8 = 16, 17, 18
UTF8 = 129

TYPE_SIZES = {
    BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, SBYTE: 1, UNDEFINED: 1,
    SSHORT: 2, SLONG: 4, SRATIONAL: 8, FLOAT: 4, DOUBLE: 8, IFD: 4,
}  # fmt: skip
STRUCT_CODES = {SHORT: "H", LONG: "I", SBYTE: "b", SSHORT: "h", SLONG: "i", FLOAT: "f", DOUBLE: "d", IFD: "I"}


@dataclass(frozen=True)
class Entry:
    """One field of a directory.

    Attributes:
        type: TIFF field type, 1 to 13.
        value: bytes for BYTE, ASCII and UNDEFINED; a tuple of integers or floats; for rationals a tuple of
            (numerator, denominator); for a pointer (type IFD) a tuple of the child directories.
    """

    type: int
    value: Any

    @property
    def count(self) -> int:
        return len(self.value)

    @classmethod
    def text(cls, text: str) -> Entry:
        """Zero-terminated ASCII; other characters are encoded as UTF-8, which readers accept."""
        return cls(ASCII, text.rstrip("\0").encode("utf-8") + b"\0")

    @classmethod
    def numbers(cls, type_: int, *values: float) -> Entry:
        """Numbers of type SHORT, LONG, FLOAT and others."""
        return cls(type_, tuple(values))

    @classmethod
    def rationals(cls, values: Iterable[float | tuple[int, int]], *, signed: bool = False) -> Entry:
        """Fractions with denominators up to 1,000,000; pairs are numerator and denominator."""
        pairs = []
        for value in values:
            if isinstance(value, tuple):
                pairs.append(value)
            elif float(value).is_integer():
                pairs.append((int(value), 1))
            else:
                fraction = Fraction(float(value)).limit_denominator(1_000_000)
                pairs.append((fraction.numerator, fraction.denominator))
        return cls(SRATIONAL if signed else RATIONAL, tuple(pairs))

    @classmethod
    def directories(cls, *children: Directory) -> Entry:
        """A pointer to other directories (SubIFDs, Exif, GPS)."""
        return cls(IFD, children)


Directory: TypeAlias = dict[int, Entry]


def encode_directories(directories: Iterable[Directory], offset: int) -> bytes:
    """Encode a chain of directories for position ``offset`` (even) of a file."""
    out = b""
    chain = list(directories)
    for index, directory in enumerate(chain):
        block = _encode_one(directory, offset + len(out), last=index == len(chain) - 1)
        out += block
    return out


def exif_block(directory: Directory) -> bytes:
    """A stand-alone TIFF-structured block (EXIF without its ``Exif\\0\\0`` prefix)."""
    return struct.pack("<2sHI", b"II", 42, 8) + encode_directories([directory], 8)


def _encode_one(directory: Mapping[int, Entry], offset: int, *, last: bool) -> bytes:
    """Encode a directory, its out-of-line values and children; the next of the chain follows directly."""
    table_size = 2 + 12 * len(directory) + 4
    records, data = [], b""
    for code, entry in sorted(directory.items()):
        if entry.type == IFD:
            children, pointers = b"", []
            start = offset + table_size + len(data)
            for child in entry.value:
                pointers.append(start + len(children))
                children += _encode_one(child, start + len(children), last=True)
            data += children
            type_, payload, count = LONG, struct.pack(f"<{len(pointers)}I", *pointers), len(pointers)
        else:
            type_, payload, count = entry.type, _payload(entry), entry.count
        if len(payload) > 4:
            position = offset + table_size + len(data)
            data += payload + b"\0" * (len(payload) % 2)
            payload = struct.pack("<I", position)
        records.append(struct.pack("<HHI", code, type_, count) + payload.ljust(4, b"\0"))
    following = 0 if last else offset + table_size + len(data)
    return struct.pack("<H", len(records)) + b"".join(records) + struct.pack("<I", following) + data


def _payload(entry: Entry) -> bytes:
    if entry.type in (BYTE, ASCII, UNDEFINED):
        return bytes(entry.value)
    if entry.type in (RATIONAL, SRATIONAL):
        code = "I" if entry.type == RATIONAL else "i"
        return struct.pack(f"<{2 * len(entry.value)}{code}", *(part for pair in entry.value for part in pair))
    return struct.pack(f"<{len(entry.value)}{STRUCT_CODES[entry.type]}", *entry.value)
