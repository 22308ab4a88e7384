"""Metadata that RAW files hold in an embedded JPEG or in boxes: most of Exif in RW2, ratings in XMP."""

from __future__ import annotations

import io
import struct
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from file_helpers import EXIF_FIELDS, IPTC, XMP
from PIL import Image

from llflow_photo.files.metadata.exif_fields import exif_directories
from llflow_photo.files.raw.metadata import RawContainer
from llflow_photo.files.tiff.directory import LONG, SHORT, UNDEFINED, Directory, Entry, exif_block
from llflow_photo.files.tiff.parse import numbers_of, parse_tiff, text_of
from llflow_photo.files.tiff.tags import Tag

# Fields that the image directory of an RW2 file holds itself.
OWN = ("Make", "Model", "ExposureTime", "FNumber", "DateTimeOriginal")
XMP_BOX = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes


def _jpeg(**changes: Any) -> bytes:
    block = exif_block(exif_directories({**EXIF_FIELDS, **changes}))
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", exif=b"Exif\0\0" + block, xmp=XMP)
    return _with_iptc(out.getvalue())


def _with_iptc(jpeg: bytes) -> bytes:
    """The JPEG with IPTC in a segment of Photoshop resources."""
    resource = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", 2 + len(resource)) + resource + jpeg[2:]


def _raf(jpeg: bytes) -> bytes:
    head = b"FUJIFILMCCD-RAW 0201FF389501X-Demo".ljust(84, b"\0")
    return (head + struct.pack(">II", 148, len(jpeg))).ljust(148, b"\0") + jpeg


def _rw2(jpeg: bytes | None, **fields: Entry) -> bytes:
    page = exif_directories({name: EXIF_FIELDS[name] for name in OWN})
    page |= {int(name[1:], 16): entry for name, entry in fields.items()}
    if jpeg is not None:
        page[Tag.JpgFromRaw] = Entry(UNDEFINED, jpeg)
    return b"IIU\0" + exif_block(page)[4:]


def _read(tmp_path: Path, content: bytes, raw: object | None = None) -> RawContainer:
    path = tmp_path / "photo.raw"
    path.write_bytes(content)
    return RawContainer.read(path, raw or SimpleNamespace())


def _page_of(container: RawContainer) -> tuple[Directory, Directory]:
    page = parse_tiff(container.exif or b"")[0]
    return page, page[Tag.ExifIFD].value[0]


def test_exif_of_rw2_is_that_of_its_jpeg(tmp_path: Path) -> None:
    container = _read(tmp_path, _rw2(_jpeg(Model="Another", FNumber=8.0)))
    page, exif = _page_of(container)
    assert text_of(exif, Tag.LensModel) == "35mm f/1.8"
    assert numbers_of(exif, Tag.PhotographicSensitivity) == (6400,)
    assert text_of(page, Tag.Copyright) == "somebody"
    gps = page[Tag.GPSInfo].value[0]
    assert numbers_of(gps, 2) == (48.0, 12.0, 30.5)
    # The container's own fields take precedence.
    assert text_of(page, Tag.Model) == container.model == "Night One"
    assert numbers_of(exif, Tag.FNumber) == pytest.approx((1.8,))
    assert container.xmp == XMP


def test_fields_of_makers_with_numbers_of_standard_ones(tmp_path: Path) -> None:
    private = Entry(UNDEFINED, bytes(range(33, 75)))
    page, _ = _page_of(_read(tmp_path, _rw2(None, _11b=private)))
    assert Tag.YResolution not in page
    jpeg = _jpeg()
    block = exif_directories(EXIF_FIELDS) | {Tag.YResolution: Entry.rationals([180.0])}
    out = io.BytesIO()
    Image.open(io.BytesIO(jpeg)).save(out, "JPEG", exif=b"Exif\0\0" + exif_block(block))
    page, _ = _page_of(_read(tmp_path, _rw2(out.getvalue(), _11b=private)))
    assert numbers_of(page, Tag.YResolution) == (180.0,)


@pytest.mark.parametrize(
    ("iso", "long_iso", "expected", "index"),
    [(3200, None, 3200, ()), (65535, 102400, 65535, (102400,)), (None, 1600, 1600, ())],
)
def test_iso_of_rw2(
    iso: int | None, long_iso: int | None, expected: int, index: tuple[int, ...], tmp_path: Path
) -> None:
    without = {key: value for key, value in EXIF_FIELDS.items() if key != "ISOSpeedRatings"}
    out = io.BytesIO()
    block = exif_block(exif_directories(without))
    Image.new("RGB", (16, 16)).save(out, "JPEG", exif=b"Exif\0\0" + block)
    fields = {}
    if iso:
        fields["_17"] = Entry.numbers(SHORT, iso)
    if long_iso:
        fields["_37"] = Entry.numbers(LONG, long_iso)
    _, exif = _page_of(_read(tmp_path, _rw2(out.getvalue(), **fields)))
    assert numbers_of(exif, Tag.PhotographicSensitivity) == (expected,)
    assert numbers_of(exif, Tag.RecommendedExposureIndex) == index


def test_rw2_with_a_broken_jpeg(tmp_path: Path) -> None:
    container = _read(tmp_path, _rw2(b"\xff\xd8 not a picture", _17=Entry.numbers(SHORT, 800)))
    _, exif = _page_of(container)
    assert container.model == "Night One" and numbers_of(exif, Tag.PhotographicSensitivity) == (800,)


def _box(name: bytes, content: bytes, large: bool = False) -> bytes:
    if large:
        return struct.pack(">I4sQ", 1, name, 16 + len(content)) + content
    return struct.pack(">I", 8 + len(content)) + name + content


@pytest.mark.parametrize("large", [False, True])
def test_xmp_of_cr3(large: bool, tmp_path: Path) -> None:
    page = exif_directories(EXIF_FIELDS)
    image = exif_block({code: entry for code, entry in page.items() if code < 0x8000})
    moov = _box(b"moov", _box(b"uuid", b"\0" * 16 + _box(b"CMT1", image)))
    head = _box(b"ftyp", b"crx \0\0\0\1crx isom") + moov
    packet = _box(b"uuid", XMP_BOX + XMP + b"\0" * 9, large)
    container = _read(tmp_path, head + _box(b"uuid", b"\1" * 40) + packet + _box(b"mdat", bytes(100)))
    assert container.xmp == XMP and container.model == "Night One"
    assert _read(tmp_path, head + packet[:-20]).xmp is None


def test_xmp_of_raf_and_of_previews(tmp_path: Path) -> None:
    jpeg = _jpeg()
    assert _read(tmp_path, _raf(jpeg)).xmp == XMP
    raw = SimpleNamespace(extract_thumb=lambda: SimpleNamespace(data=jpeg))
    assert _read(tmp_path, b"FOVb" + b"\0" * 200, raw).xmp == XMP


@pytest.mark.parametrize("build", [_raf, _rw2])
def test_iptc_of_the_embedded_jpeg(build: Callable[[bytes], bytes], tmp_path: Path) -> None:
    assert _read(tmp_path, build(_jpeg())).iptc == IPTC


@pytest.mark.parametrize("build", [_raf, _rw2])
def test_xmp_and_iptc_of_an_embedded_jpeg_without_exif(
    build: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", xmp=XMP)
    container = _read(tmp_path, build(_with_iptc(out.getvalue())))
    assert (container.xmp, container.iptc) == (XMP, IPTC)
