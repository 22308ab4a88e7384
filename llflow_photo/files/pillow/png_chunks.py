"""Metadata chunks of PNG, before or after the pixels, and checksums. Source: W3C PNG, third edition."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ...color.cicp import CodePoints
from ...errors import ReadError
from ..decoded_samples import Samples
from ..metadata.photoshop import iptc_of_resources

__all__ = ["add_png_metadata", "check_png_pixels", "raw_profile"]

_SIGNATURE_BYTES = 8
_MAX_CHUNK = 64 << 20
_MAX_TEXTS = 16 << 20
_BLOCK = 1 << 20
_ZEROS = bytes(256)
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
# Fields that ImageMagick copies from elsewhere, and the dates of its run.
_COPIES = {"date", "exif", "icc", "jpeg", "photoshop", "png", "tiff", "xmp"}
_XMP_KEYWORD = "XML:com.adobe.xmp"
_XMP_IN_APP1 = b"http://ns.adobe.com/xap/1.0/\0"
_INCHES_PER_METER = 39.3701


@dataclass(frozen=True)
class _Text:
    keyword: str
    text: str


def add_png_metadata(samples: Samples, file: BinaryIO) -> None:
    """Fill in EXIF, XMP, IPTC, texts, resolution and code points that ``samples`` does not have yet.

    Metadata may follow the pixels. ImageMagick's "raw profiles" (hexadecimal text chunks) are unpacked.
    """
    texts: list[tuple[str, str]] = []
    room = _MAX_TEXTS
    for kind, data in _chunks(file):
        if kind == b"eXIf":
            samples.exif = samples.exif or data
        elif kind == b"cICP" and len(data) == 4:
            samples.code_points = CodePoints(data[0], data[1], data[3] == 1)
            samples.code_points_first = True
        elif kind == b"pHYs" and len(data) == 9 and data[8] == 1:
            x, y = struct.unpack(">II", data[:8])
            samples.resolution = (x / _INCHES_PER_METER, y / _INCHES_PER_METER) if x and y else None
        elif kind in _TEXTS and (text := _text(kind, data)) and not _take_profile(samples, text):
            if text.keyword.partition(":")[0] in _COPIES:
                continue
            room -= len(text.text)
            if room < 0:
                samples.notes.append("texts beyond 16 million characters were not kept")
                break
            texts.append((text.keyword, text.text))
    samples.texts = tuple(texts)


def check_png_pixels(file: BinaryIO, name: str) -> list[str]:
    """Verify the checksums of pixel data, which decoders ignore.

    Returns:
        notes on possible damage.

    Raises:
        ReadError: a part of the pixel data is zeros.
    """
    damaged, position = 0, _SIGNATURE_BYTES
    while True:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            break
        (size,) = struct.unpack_from(">I", head)
        if head[4:] == b"IDAT":
            found, has_hole = _checksum(file, size)
            intact = file.read(4) == struct.pack(">I", found)
            if not intact and has_hole:
                raise ReadError(
                    f"{name} is truncated or damaged: a part of its image is missing (zeros instead of "
                    "data); copy it again"
                )
            damaged += not intact
        position += 12 + size
    if not damaged:
        return []
    return [
        "the file may be damaged, a part of the image may be wrong: a checksum of its pixels does not match"
    ]


def _checksum(file: BinaryIO, size: int) -> tuple[int, bool]:
    """CRC-32 of a chunk of pixel data, and whether a part of it is zeros."""
    found, has_hole = zlib.crc32(b"IDAT"), False
    while size > 0 and (data := file.read(min(size, _BLOCK))):
        found, size = zlib.crc32(data, found), size - len(data)
        has_hole = has_hole or _ZEROS in data
    return found, has_hole


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Type and data of all complete ancillary chunks."""
    position = _SIGNATURE_BYTES
    while True:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        if kind == b"IEND" or size > 1 << 31:
            return
        if kind[0] & 0x20 and size <= _MAX_CHUNK:
            data, check = file.read(size), file.read(4)
            if len(data) == size and check == struct.pack(">I", zlib.crc32(kind + data)):
                yield kind, data
        position += 12 + size


def _text(kind: bytes, data: bytes) -> _Text | None:
    keyword, _, rest = data.partition(b"\0")
    name = keyword.decode("latin-1")
    if kind == b"tEXt":
        return _Text(name, _latin_or_utf8(rest))
    if kind == b"zTXt":
        unpacked = _inflate(rest[1:]) if rest[:1] == b"\0" else None
        return None if unpacked is None else _Text(name, _latin_or_utf8(unpacked))
    compressed, body = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    if len(body) != 3:
        return None
    content = _inflate(body[2]) if compressed else body[2]
    return None if content is None else _Text(name, content.decode("utf-8", "replace"))


def _latin_or_utf8(data: bytes) -> str:
    """Text of a chunk: Latin-1 by the standard, but UTF-8, which many programs write, where it is valid."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _inflate(data: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(data, _MAX_CHUNK)
    except zlib.error:
        return None


def _take_profile(samples: Samples, text: _Text) -> bool:
    """Whether the text is an encoded metadata block; its content is then added to ``samples``."""
    if text.keyword == _XMP_KEYWORD:
        samples.xmp = samples.xmp or text.text.encode("utf-8")
        return True
    if not text.keyword.startswith("Raw profile type "):
        return False
    block = raw_profile(text.text)
    if block is None:
        return True
    kind = text.keyword.removeprefix("Raw profile type ").strip().lower()
    if block.startswith(_XMP_IN_APP1):
        kind, block = "xmp", block.removeprefix(_XMP_IN_APP1)
    if kind in ("exif", "app1") and (block.startswith(b"Exif\0\0") or block[:2] in (b"II", b"MM")):
        samples.exif = samples.exif or block
    elif kind == "xmp":
        samples.xmp = samples.xmp or block.rstrip(b"\0")
    elif kind in ("iptc", "8bim"):
        samples.iptc = samples.iptc or iptc_of_resources(block)
    elif kind in ("icc", "icm"):
        samples.icc = samples.icc or block
    else:
        samples.notes.append(f"the text chunk {text.keyword!r} was not kept")
    return True


def raw_profile(text: str) -> bytes | None:
    """Decode ImageMagick's format: a name, a length, hexadecimal lines."""
    lines = text.strip().split("\n")
    if len(lines) < 3:
        return None
    try:
        return bytes.fromhex("".join(lines[2:]))
    except ValueError:
        return None
