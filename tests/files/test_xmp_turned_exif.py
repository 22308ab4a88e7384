"""EXIF properties with coordinates or directions are rotated with the photo, in XMP as in EXIF itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from file_helpers import quadrants
from PIL import Image

from llflow_photo import files
from llflow_photo.files.metadata.exif import split_block
from llflow_photo.files.metadata.exif_geometry import turned_subject
from llflow_photo.files.metadata.xmp_packet import Packet, qualified
from llflow_photo.files.tiff.directory import SHORT, Directory, Entry, exif_block
from llflow_photo.files.tiff.parse import numbers_of
from llflow_photo.files.tiff.tags import Tag

AREA = (10, 6, 8, 4)  # center, width and height in 32 x 24 pixels
# The same area in the upright image.
TURNED = {1: AREA, 3: (22, 18, 8, 4), 6: (18, 10, 4, 8), 8: (6, 22, 4, 8)}


def _packet(body: str, attributes: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="3" '
        f"{attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def _list(name: str, *values: object) -> str:
    items = "".join(f"<rdf:li>{value}</rdf:li>" for value in values)
    return f"<exif:{name}><rdf:Seq>{items}</rdf:Seq></exif:{name}>"


def _read(tmp_path: Path, orientation: int, packet: bytes) -> tuple[Packet, dict[int, Entry]]:
    exif: Directory = {
        Tag.SubjectArea: Entry.numbers(SHORT, *AREA),
        Tag.FocalPlaneXResolution: Entry.rationals([4000.0]),
        Tag.FocalPlaneYResolution: Entry.rationals([3000.0]),
    }
    image: Directory = {
        Tag.Orientation: Entry.numbers(SHORT, orientation),
        Tag.ExifIFD: Entry.directories(exif),
    }
    path = tmp_path / "photo.jpg"
    block = b"Exif\0\0" + exif_block(image)
    Image.fromarray(quadrants()).save(path, exif=block, xmp=packet)
    metadata = files.read(path).metadata
    parsed = Packet.parse(metadata.xmp or b"")
    assert parsed is not None and parsed.value(qualified("xmp:Rating")) == "3"
    return parsed, split_block(metadata.exif or b"")[Tag.ExifIFD].value[0]


def _numbers(packet: Packet, name: str) -> tuple[int, ...]:
    found = [each.find(qualified(f"exif:{name}")) for each in packet.descriptions()]
    return tuple(int(item.text or "") for each in found if each is not None for item in each[0])


@pytest.mark.parametrize("orientation", TURNED)
def test_subject_of_xmp_is_that_of_exif(orientation: int, tmp_path: Path) -> None:
    body = _list("SubjectArea", *AREA) + _list("SubjectLocation", *AREA[:2])
    packet, exif = _read(tmp_path, orientation, _packet(body))
    expected = TURNED[orientation]
    assert _numbers(packet, "SubjectArea") == numbers_of(exif, Tag.SubjectArea) == expected
    assert _numbers(packet, "SubjectLocation") == expected[:2]


@pytest.mark.parametrize("orientation", TURNED)
def test_resolutions_along_the_sides(orientation: int, tmp_path: Path) -> None:
    names = (
        "tiff:XResolution",
        "tiff:YResolution",
        "exif:FocalPlaneXResolution",
        "exif:FocalPlaneYResolution",
    )
    values = ("300/1", "200/1", "4000/1", "3000/1")
    attributes = " ".join(f'{name}="{value}"' for name, value in zip(names[:2], values[:2], strict=True))
    body = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names[2:], values[2:], strict=True))
    packet, exif = _read(tmp_path, orientation, _packet(body, attributes))
    swapped = orientation >= 5
    order = (1, 0, 3, 2) if swapped else (0, 1, 2, 3)
    assert [packet.value(qualified(name)) for name in names] == [values[index] for index in order]
    assert numbers_of(exif, Tag.FocalPlaneXResolution) == ((3000.0,) if swapped else (4000.0,))


@pytest.mark.parametrize("values", [("ten", 6), (10,), ("inf", 6), (1, 2, 3, 4, 5)])
def test_what_cannot_be_rotated_is_removed(values: tuple[object, ...], tmp_path: Path) -> None:
    packet, _ = _read(tmp_path, 6, _packet(_list("SubjectArea", *values), 'tiff:XResolution="300/1"'))
    assert not {qualified("exif:SubjectArea"), qualified("tiff:XResolution")} & set(packet.names())


def test_circle_keeps_its_diameter() -> None:
    assert turned_subject((10, 6, 5), 6, 32, 24) == [18, 10, 5]
