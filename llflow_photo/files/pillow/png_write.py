"""Writing PNG of 8 and 16 bits per channel, with ICC, EXIF, XMP and IPTC. Source: W3C PNG, third edition."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

import numpy as np

from ...color.profiles import profile_bytes
from ...color.spaces import ColorSpace
from ...photo import Metadata, Photo
from ..metadata.exif_resolution import resolution_of
from ..quantize import quantized

__all__ = ["write_png"]

_LEVEL = 6
_CHUNK = 1 << 20
_INCHES_PER_METER = 39.3701


def write_png(file: BinaryIO, photo: Photo, space: ColorSpace, bit_depth: int) -> None:
    """Write the photo; ``bit_depth`` 8 or 16."""
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", photo.width, photo.height, bit_depth, 2, 0, 0, 0))
    _chunk(
        file,
        b"iCCP",
        space.name.encode("latin-1", "replace")[:79] + b"\0\0" + zlib.compress(profile_bytes(space)),
    )
    _metadata(file, photo.metadata)
    packer = zlib.compressobj(_LEVEL)
    held = bytearray()
    above: np.ndarray | None = None
    for block in quantized(photo, space, bit_depth):
        rows = block.astype(block.dtype.newbyteorder(">")).reshape(block.shape[0], -1).view(np.uint8)
        held += packer.compress(_filtered(rows, above, 3 * bit_depth // 8))
        above = rows[-1]
        while len(held) >= _CHUNK:
            _chunk(file, b"IDAT", bytes(held[:_CHUNK]))
            del held[:_CHUNK]
    _chunk(file, b"IDAT", bytes(held) + packer.flush())
    _chunk(file, b"IEND", b"")


def _filtered(rows: np.ndarray, above: np.ndarray | None, step: int) -> bytes:
    """Apply the Paeth filter (type 4) to all rows; it compresses photos best."""
    count, width = rows.shape
    padded = np.zeros((count + 1, width + step), np.int16)
    padded[1:, step:] = rows
    if above is not None:
        padded[0, step:] = above
    left, up, corner = padded[1:, :-step], padded[:-1, step:], padded[:-1, :-step]
    by_left, by_up = np.abs(up - corner), np.abs(left - corner)
    by_corner = np.abs(left + up - 2 * corner)
    predicted = np.where(
        (by_left <= by_up) & (by_left <= by_corner), left, np.where(by_up <= by_corner, up, corner)
    )
    out = np.empty((count, width + 1), np.uint8)
    out[:, 0] = 4
    out[:, 1:] = (rows - predicted) & 0xFF
    return out.tobytes()


def _metadata(file: BinaryIO, metadata: Metadata) -> None:
    if metadata.exif:
        _chunk(file, b"eXIf", metadata.exif)
    if metadata.xmp:
        _chunk(file, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp)
    if (resolution := resolution_of(metadata.exif)) is not None:
        x, y = (min(round(value * _INCHES_PER_METER), 0xFFFFFFFF) for value in resolution)
        _chunk(file, b"pHYs", struct.pack(">IIB", x, y, 1))
    for keyword, text in metadata.texts:
        _text(file, keyword, text)
    if metadata.iptc:
        _chunk(file, b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(_raw_profile(metadata.iptc)))


def _text(file: BinaryIO, keyword: str, text: str) -> None:
    """Write a text chunk: tEXt if the text is ASCII, otherwise iTXt in UTF-8."""
    name = keyword.encode("latin-1", "replace").strip()[:79] or b"Comment"
    try:
        _chunk(file, b"tEXt", name + b"\0" + text.encode("ascii"))
    except UnicodeEncodeError:
        _chunk(file, b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8"))


def _raw_profile(iptc: bytes) -> bytes:
    """The text format of ImageMagick and ExifTool: a Photoshop resource in hexadecimal lines."""
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    text = resource.hex()
    lines = "\n".join(text[start : start + 72] for start in range(0, len(text), 72))
    return f"\niptc\n{len(resource):8d}\n{lines}\n".encode("ascii")


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
