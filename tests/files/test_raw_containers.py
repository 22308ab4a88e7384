"""Metadata of makers' RAW files, from containers built like theirs."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from file_helpers import EXIF_FIELDS
from PIL import Image

from llflow_photo.files.metadata.exif_fields import exif_directories
from llflow_photo.files.raw.metadata import RawContainer
from llflow_photo.files.tiff.directory import Directory, Entry, exif_block
from llflow_photo.files.tiff.parse import parse_tiff, text_of
from llflow_photo.files.tiff.tags import Tag


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def _parts() -> tuple[bytes, bytes, bytes]:
    """Image, Exif and GPS directories as three blocks of their own."""
    page = exif_directories(EXIF_FIELDS)
    exif: Directory = page.pop(Tag.ExifIFD).value[0]
    gps: Directory = page.pop(Tag.GPSInfo).value[0]
    return exif_block(page), exif_block(exif), exif_block(gps)


def _cr3() -> bytes:
    image, exif, gps = _parts()
    boxes = _box(b"CMT1", image) + _box(b"CMT2", exif) + _box(b"CMT4", gps)
    return _box(b"ftyp", b"crx \0\0\0\1crx isom") + _box(b"moov", _box(b"uuid", b"\0" * 16 + boxes))


def _jpeg() -> bytes:
    out = io.BytesIO()
    block = exif_block(exif_directories(EXIF_FIELDS))
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(out, "JPEG", exif=b"Exif\0\0" + block)
    return out.getvalue()


def _raf() -> bytes:
    head = b"FUJIFILMCCD-RAW 0201FF389501X-Demo".ljust(84, b"\0")
    jpeg = _jpeg()
    return (head + struct.pack(">II", 148, len(jpeg))).ljust(148, b"\0") + jpeg


def _olympus() -> bytes:
    return b"IIRO" + exif_block(exif_directories(EXIF_FIELDS))[4:]


def _panasonic() -> bytes:
    return b"IIU\0" + exif_block(exif_directories(EXIF_FIELDS))[4:]


def _two_directories() -> bytes:
    """Makers who chain the Exif directory to a later page."""
    from llflow_photo.files.tiff.directory import encode_directories

    page = exif_directories(EXIF_FIELDS)
    later = {Tag.ExifIFD: page.pop(Tag.ExifIFD), Tag.GPSInfo: page.pop(Tag.GPSInfo)}
    return struct.pack("<2sHI", b"II", 42, 8) + encode_directories([page, later], 8)


BUILDERS = {"cr3": _cr3, "raf": _raf, "orf": _olympus, "rw2": _panasonic, "chained": _two_directories}


@pytest.mark.parametrize("kind", BUILDERS)
def test_exif_of_makers_containers(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.raw"
    path.write_bytes(BUILDERS[kind]())
    container = RawContainer.read(path, SimpleNamespace())
    assert (container.make, container.model) == ("Demo", "Night One")
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + (container.exif or b""))
    assert exif.get_ifd(Tag.ExifIFD)[0x8827] == 6400
    assert exif.get_ifd(Tag.GPSInfo)[2] == (48.0, 12.0, 30.5)


def test_exif_from_the_preview_where_the_container_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "photo.x3f"
    path.write_bytes(b"FOVb" + b"\0" * 200)
    raw = SimpleNamespace(extract_thumb=lambda: SimpleNamespace(data=_jpeg()))
    container = RawContainer.read(path, raw)
    assert container.model == "Night One" and any("preview" in note for note in container.notes)
    nothing = RawContainer.read(path, SimpleNamespace())
    assert nothing.exif is None and any("could not be read" in note for note in nothing.notes)


def test_lens_that_only_the_maker_note_names(tmp_path: Path) -> None:
    fields = {key: value for key, value in EXIF_FIELDS.items() if key != "LensModel"}
    path = tmp_path / "photo.nef"
    path.write_bytes(exif_block(exif_directories(fields)))
    container = RawContainer.read(path, SimpleNamespace(lens=SimpleNamespace(model="50mm f/1.4")))
    exif = parse_tiff(container.exif or b"")[0][Tag.ExifIFD].value[0]
    assert text_of(exif, 0xA434) == "50mm f/1.4"


def test_big_endian_blocks_are_written_back_little_endian() -> None:
    block = struct.pack(">2sHIH", b"MM", 42, 8, 1) + struct.pack(">HHI", 0x010F, 2, 5) + struct.pack(">I", 26)
    block += struct.pack(">I", 0) + b"Demo\0"
    page = parse_tiff(block)[0]
    assert page == {0x010F: Entry.text("Demo")}
    assert parse_tiff(exif_block(page))[0] == page
