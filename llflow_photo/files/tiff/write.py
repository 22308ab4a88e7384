"""Writing TIFF of 8- and 16-bit integers and 32-bit floats with Deflate, ICC, EXIF, XMP and IPTC."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

import numpy as np

from ...color.profiles import profile_bytes
from ...color.spaces import ColorSpace
from ...errors import WriteError
from ...photo import Metadata, Photo
from ..metadata.exif import split_block
from ..quantize import quantized
from .directory import BYTE, LONG, SHORT, UNDEFINED, Directory, Entry, encode_directories
from .tags import Compression, Photometric, PlanarConfiguration, Predictor, SampleFormat, Tag

__all__ = ["finish_tiff", "metadata_tags", "write_strips", "write_tiff"]

_LEVEL = 6
_MAX_FILE = (1 << 32) - (1 << 20)
_ROWS = 64


def write_tiff(file: BinaryIO, photo: Photo, space: ColorSpace, bit_depth: int) -> None:
    """Write the photo with ``bit_depth`` 8, 16 or 32 (float).

    Raises:
        WriteError: the file would exceed the 4 GB that TIFF can address.
    """
    file.write(b"\0" * 8)
    offsets: list[int] = []
    counts: list[int] = []
    rows_held: list[np.ndarray] = []
    held = 0
    # Strips have equal numbers of rows, regardless of the blocks of the conversion.
    for block in quantized(photo, space, bit_depth):
        rows_held.append(block)
        held += block.shape[0]
        if held >= _ROWS:
            joined = np.concatenate(rows_held) if len(rows_held) > 1 else block
            whole = held // _ROWS * _ROWS
            write_strips(file, joined[:whole], _ROWS, offsets, counts)
            rows_held, held = [joined[whole:]], held - whole
    if held:
        write_strips(file, np.concatenate(rows_held), _ROWS, offsets, counts)
    sample_format = SampleFormat.Float if bit_depth == 32 else SampleFormat.Unsigned
    directory: Directory = {
        Tag.NewSubfileType: Entry.numbers(LONG, 0),
        Tag.ImageWidth: Entry.numbers(LONG, photo.width),
        Tag.ImageLength: Entry.numbers(LONG, photo.height),
        Tag.BitsPerSample: Entry.numbers(SHORT, *(bit_depth,) * 3),
        Tag.Compression: Entry.numbers(SHORT, Compression.Deflate),
        Tag.PhotometricInterpretation: Entry.numbers(SHORT, Photometric.RGB),
        Tag.StripOffsets: Entry.numbers(LONG, *offsets),
        Tag.Orientation: Entry.numbers(SHORT, 1),
        Tag.SamplesPerPixel: Entry.numbers(SHORT, 3),
        Tag.RowsPerStrip: Entry.numbers(LONG, _ROWS),
        Tag.StripByteCounts: Entry.numbers(LONG, *counts),
        Tag.PlanarConfiguration: Entry.numbers(SHORT, PlanarConfiguration.Chunky),
        Tag.SampleFormat: Entry.numbers(SHORT, *(sample_format,) * 3),
        Tag.ICCProfile: Entry(UNDEFINED, profile_bytes(space)),
    }
    if bit_depth != 32:
        directory[Tag.Predictor] = Entry.numbers(SHORT, Predictor.Horizontal)
    finish_tiff(file, metadata_tags(photo.metadata) | directory)


def write_strips(
    file: BinaryIO, values: np.ndarray, rows_per_strip: int, offsets: list[int], counts: list[int]
) -> None:
    """Append strips of rows x W x 3 values to the file: Deflate, with horizontal differences of integers."""
    for start in range(0, values.shape[0], rows_per_strip):
        rows = values[start : start + rows_per_strip]
        if rows.dtype.kind == "u":
            differences = rows.copy()
            differences[:, 1:] -= rows[:, :-1]
            rows = differences
        data = zlib.compress(rows.astype(rows.dtype.newbyteorder("<")).tobytes(), _LEVEL)
        append(file, data, offsets, counts)


def append(file: BinaryIO, data: bytes, offsets: list[int], counts: list[int]) -> None:
    """Append bytes at an even offset at the end of the file, and record offset and size."""
    position = file.tell()
    if position + len(data) > _MAX_FILE:
        raise WriteError("the file would exceed the 4 GB that TIFF can address; use a smaller depth or JPEG")
    offsets.append(position)
    counts.append(len(data))
    file.write(data + b"\0" * (len(data) % 2))


def metadata_tags(metadata: Metadata) -> Directory:
    """EXIF, XMP and IPTC as fields of an image directory."""
    tags: Directory = dict(split_block(metadata.exif)) if metadata.exif else {}
    if metadata.xmp:
        tags[Tag.XMP] = Entry(BYTE, metadata.xmp)
    if metadata.iptc:
        # Declared as LONG, as TIFF readers expect.
        padded = metadata.iptc + b"\0" * (-len(metadata.iptc) % 4)
        tags[Tag.IPTC] = Entry(LONG, struct.unpack(f"<{len(padded) // 4}I", padded))
    return tags


def finish_tiff(file: BinaryIO, directory: Directory) -> None:
    """Write the directory at the end of the file, and the header at its beginning."""
    position = file.tell()
    file.write(encode_directories([directory], position))
    file.seek(0)
    file.write(struct.pack("<2sHI", b"II", 42, position))
    file.seek(0, 2)
