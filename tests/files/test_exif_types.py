"""Standard EXIF fields are kept if their type is one that the standard prescribes."""

from __future__ import annotations

import math

import pytest

from llflow_photo.files.metadata.exif import carry
from llflow_photo.files.metadata.exif_types import conforming
from llflow_photo.files.tiff.directory import (
    ASCII,
    BYTE,
    DOUBLE,
    FLOAT,
    LONG,
    RATIONAL,
    SHORT,
    SRATIONAL,
    UNDEFINED,
    Directory,
    Entry,
)
from llflow_photo.files.tiff.parse import parse_tiff
from llflow_photo.files.tiff.tags import GPSTag, Tag

COPYRIGHT = "© somebody".encode()


@pytest.mark.parametrize(
    ("code", "entry", "kept"),
    [
        (Tag.Make, Entry.text("Demo"), Entry.text("Demo")),
        (Tag.Make, Entry.numbers(SHORT, 1, 2), None),
        (Tag.Copyright, Entry(BYTE, COPYRIGHT), Entry(ASCII, COPYRIGHT + b"\0")),
        (Tag.Copyright, Entry(UNDEFINED, b"\x01\x02\xff"), None),
        (Tag.PhotographicSensitivity, Entry.numbers(LONG, 6400), Entry.numbers(LONG, 6400)),
        (Tag.PhotographicSensitivity, Entry.text("6400"), None),
        (Tag.XResolution, Entry.rationals([300.0]), Entry.rationals([300.0])),
        (Tag.XResolution, Entry(UNDEFINED, b"!" * 42), None),
        (Tag.ExposureTime, Entry(DOUBLE, (1 / 15,)), Entry(RATIONAL, ((1, 15),))),
        (Tag.ExposureBiasValue, Entry(FLOAT, (-0.5,)), Entry(SRATIONAL, ((-1, 2),))),
        (Tag.FNumber, Entry(DOUBLE, (math.inf,)), None),
        (60001, Entry.numbers(SHORT, 7), Entry.numbers(SHORT, 7)),
    ],
)
def test_types(code: int, entry: Entry, kept: Entry | None) -> None:
    assert conforming(code, entry) == kept


def test_fields_of_wrong_types_are_not_carried() -> None:
    exif: Directory = {Tag.FNumber: Entry.text("f/1.8"), Tag.LensModel: Entry.text("35mm")}
    gps: Directory = {
        GPSTag.GPSLatitudeRef: Entry.text("N"),
        GPSTag.GPSLatitude: Entry.text("48 12 30"),
    }
    source: Directory = {
        Tag.Model: Entry.text("Night One"),
        Tag.YResolution: Entry(UNDEFINED, bytes(42)),
        Tag.ExifIFD: Entry.directories(exif),
        Tag.GPSInfo: Entry.directories(gps),
    }
    carried = carry(source)
    page = parse_tiff(carried.block or b"")[0]
    assert Tag.YResolution not in page and Tag.Model in page
    assert Tag.FNumber not in page[Tag.ExifIFD].value[0] and Tag.LensModel in page[Tag.ExifIFD].value[0]
    assert GPSTag.GPSLatitude not in page[Tag.GPSInfo].value[0]
    assert carried.notes == ("EXIF tag 0x829D has a type that Exif does not allow; it was not kept",)
