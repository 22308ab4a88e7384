"""Packets in TIFF structure are the bytes of the file, whatever byte order and field type it declares."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from file_helpers import IPTC, XMP
from PIL import Image, IptcImagePlugin

from llflow_photo import files
from llflow_photo.color.profiles import profile_bytes
from llflow_photo.color.spaces import DISPLAY_P3
from llflow_photo.files.dng.picture import cfa_pattern
from llflow_photo.files.raw.metadata import RawContainer
from llflow_photo.files.tiff.directory import (
    BYTE,
    LONG,
    SBYTE,
    SHORT,
    SLONG,
    TYPE_SIZES,
    UNDEFINED,
    Entry,
    exif_block,
)
from llflow_photo.files.tiff.parse import parse_tiff
from llflow_photo.files.tiff.tags import Tag

ORDERS = pytest.mark.parametrize("order", ["<", ">"])
TYPES = pytest.mark.parametrize("type_", [BYTE, SHORT, LONG, SLONG, SBYTE, UNDEFINED])
IPTC_PADDED = IPTC + b"\0" * (-len(IPTC) % 4)
RESOURCES = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + b"\0" * (len(IPTC) % 2)
PROFILE = profile_bytes(DISPLAY_P3)
VALUES = np.full((16, 16, 3), 100, np.uint8)


def _tiff(order: str, type_: int, packets: dict[Tag, bytes]) -> bytes:
    """A TIFF of VALUES' pixels with packets of a type, whose bytes are in the file as they are given."""
    data = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 0)
    fields = {
        Tag.ImageWidth: (SHORT, 1, struct.pack(f"{order}HH", 16, 0)),
        Tag.ImageLength: (SHORT, 1, struct.pack(f"{order}HH", 16, 0)),
        Tag.BitsPerSample: (SHORT, 3, struct.pack(f"{order}3H", 8, 8, 8)),
        Tag.Compression: (SHORT, 1, struct.pack(f"{order}HH", 1, 0)),
        Tag.PhotometricInterpretation: (SHORT, 1, struct.pack(f"{order}HH", 2, 0)),
        Tag.StripOffsets: (LONG, 1, struct.pack(f"{order}I", len(data))),
        Tag.SamplesPerPixel: (SHORT, 1, struct.pack(f"{order}HH", 3, 0)),
        Tag.RowsPerStrip: (SHORT, 1, struct.pack(f"{order}HH", 16, 0)),
        Tag.StripByteCounts: (LONG, 1, struct.pack(f"{order}I", VALUES.nbytes)),
    }
    data += VALUES.tobytes()
    for tag, packet in packets.items():
        padded = packet + b"\0" * (-len(packet) % TYPE_SIZES[type_])
        fields[tag] = (type_, len(padded) // TYPE_SIZES[type_], padded)
    records = struct.pack(f"{order}H", len(fields))
    for tag, (kind, count, payload) in sorted(fields.items()):
        records += struct.pack(f"{order}HHI", tag, kind, count)
        if len(payload) > 4:
            records += struct.pack(f"{order}I", len(data))
            data += payload + b"\0" * (len(payload) % 2)
        else:
            records += payload
    return data[:4] + struct.pack(f"{order}I", len(data)) + data[8:] + records + bytes(4)


@ORDERS
@TYPES
def test_packets_of_tiff(order: str, type_: int, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    path.write_bytes(_tiff(order, type_, {Tag.IPTC: IPTC, Tag.XMP: XMP, Tag.ICCProfile: PROFILE}))
    photo = files.read(path)
    np.testing.assert_array_equal(np.rint(photo.pixels * 255), VALUES)
    assert (photo.metadata.iptc or b"").rstrip(b"\0") == IPTC
    assert b'Rating="4"' in (photo.metadata.xmp or b"")
    assert photo.color_space == DISPLAY_P3
    files.write(photo, tmp_path / "result.jpg")
    with Image.open(tmp_path / "result.jpg") as image:
        assert (IptcImagePlugin.getiptcinfo(image) or {})[2, 120] == b"night"


@ORDERS
@TYPES
def test_iptc_among_photoshops_resources(order: str, type_: int, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    path.write_bytes(_tiff(order, type_, {Tag.Photoshop: RESOURCES}))
    assert files.read(path).metadata.iptc == IPTC


@ORDERS
@TYPES
def test_packets_of_raw_containers(order: str, type_: int, tmp_path: Path) -> None:
    path = tmp_path / "photo.nef"
    path.write_bytes(_tiff(order, type_, {Tag.IPTC: IPTC_PADDED, Tag.XMP: XMP}))
    container = RawContainer.read(path, None)
    assert container.iptc == IPTC_PADDED
    assert (container.xmp or b"").rstrip(b"\0") == XMP


@pytest.mark.parametrize("type_", [BYTE, SHORT, LONG])
def test_numbers_of_a_mosaic_are_no_packet(type_: int) -> None:
    """They count as numbers, of any size."""

    def entry(*numbers: int) -> Entry:
        return Entry(BYTE, bytes(numbers)) if type_ == BYTE else Entry.numbers(type_, *numbers)

    fields = {Tag.CFARepeatPatternDim: Entry.numbers(SHORT, 2, 2), Tag.CFAPattern: entry(0, 1, 1, 2)}
    pattern = cfa_pattern(parse_tiff(exif_block(fields))[0])
    assert pattern is not None
    assert pattern.tolist() == [[0, 1], [1, 2]]
    other_planes = fields | {Tag.CFAPlaneColor: entry(2, 1, 0)}
    assert cfa_pattern(parse_tiff(exif_block(other_planes))[0]) is None
