"""XMP above the 64 KB of a JPEG segment goes into an extension and comes back from one."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from file_helpers import packet_of
from PIL import Image

from llflow_photo import files
from llflow_photo.files.metadata.xmp_extended import EXTENSION
from llflow_photo.files.pillow.jpeg_stream import scan_jpeg
from llflow_photo.photo import Metadata, Photo

DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/" '
LONG = "".join(f"step {number} of the history of this photo; " for number in range(5000))


def _photo(*properties: str) -> Photo:
    body = "<xmp:Rating>4</xmp:Rating>" + "".join(properties)
    pixels = np.full((16, 16, 3), 0.3, np.float32)
    return Photo(pixels, metadata=Metadata(xmp=packet_of(body, DC)))


def _text(packet: bytes | None, name: str) -> str:
    match = re.search(rf"<{name}>([^<]*)</{name}>", (packet or b"").decode())
    return match[1] if match else ""


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    photo = _photo(f"<dc:source>{LONG}</dc:source>", f"<dc:relation>{LONG[:50_000]}</dc:relation>")
    assert not files.write(photo, path, settings={"seed": 3})
    back = files.read(path)
    assert not back.notes
    assert _text(back.metadata.xmp, "dc:source") == LONG
    assert _text(back.metadata.xmp, "dc:relation") == LONG[:50_000]
    assert _text(back.metadata.xmp, "xmp:Rating") == "4" and files.read_settings(back.metadata)["seed"] == "3"
    assert b"HasExtendedXMP" not in (back.metadata.xmp or b"")


def test_small_properties_stay_in_the_main_packet(tmp_path: Path) -> None:
    """Where programs that know no extension look for them."""
    path = tmp_path / "photo.jpg"
    files.write(_photo(f"<dc:source>{LONG}</dc:source>"), path, settings={"seed": 3})
    with Image.open(path) as image:
        main = image.info["xmp"]
    assert _text(main, "xmp:Rating") == "4" and b"seed" in main and b"step 4999" not in main
    pieces = scan_jpeg(path.read_bytes()).application(EXTENSION)
    assert len(pieces) > 1 and len({piece[:32] for piece in pieces}) == 1
    assert pieces[0][:32] in main


def test_as_exiftool_sees_it(tmp_path: Path) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    path = tmp_path / "photo.jpg"
    files.write(_photo(f"<dc:source>{LONG}</dc:source>"), path)
    for tag, expected in (("-XMP-dc:Source", LONG.strip()), ("-XMP-xmp:Rating", "4")):
        command = ["exiftool", "-s3", tag, str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        assert told == expected
    command = ["exiftool", "-warning", "-validate", str(path)]
    assert "XMP" not in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_pieces_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    files.write(_photo(f"<dc:source>{LONG}</dc:source>"), path)
    data = path.read_bytes()
    segments = []
    for piece in scan_jpeg(data).application(EXTENSION):
        payload = EXTENSION + piece
        segments.append(b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload)
    assert len(segments) > 1
    start, joined = data.index(segments[0]), b"".join(segments)
    path.write_bytes(data[:start] + b"".join(reversed(segments)) + data[start + len(joined) :])
    assert _text(files.read(path).metadata.xmp, "dc:source") == LONG
    path.write_bytes(data[:start] + segments[0] + data[start + len(joined) :])
    photo = files.read(path)
    assert any("extended part of the XMP is missing" in note for note in photo.notes)
    assert _text(photo.metadata.xmp, "xmp:Rating") == "4"


def test_packets_that_cannot_be_split_are_noted(tmp_path: Path) -> None:
    photo = replace(_photo(), metadata=Metadata(xmp=b"no XML" * 20_000))
    notes = files.write(photo, tmp_path / "photo.jpg")
    assert any("XMP block" in note and "too large for JPEG" in note for note in notes)


def test_long_values_in_attributes(tmp_path: Path) -> None:
    photo = replace(_photo(), metadata=Metadata(xmp=packet_of("", f'{DC} dc:source="{LONG}"')))
    assert not files.write(photo, tmp_path / "photo.jpg")
    assert _text(files.read(tmp_path / "photo.jpg").metadata.xmp, "dc:source") == LONG
    for suffix in ("png", "tif", "webp"):
        assert not files.write(photo, tmp_path / f"photo.{suffix}")
        assert LONG[-40:].encode() in (files.read(tmp_path / f"photo.{suffix}").metadata.xmp or b"")


def test_a_photo_with_an_extension_keeps_it_in_other_formats(tmp_path: Path) -> None:
    files.write(_photo(f"<dc:source>{LONG}</dc:source>"), tmp_path / "in.jpg")
    files.write(files.read(tmp_path / "in.jpg"), tmp_path / "out.png")
    assert _text(files.read(tmp_path / "out.png").metadata.xmp, "dc:source") == LONG
