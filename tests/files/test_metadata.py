"""What travels beside the pixels arrives in every format, as independent readers see it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from file_helpers import IPTC, XMP, packet_of, photo_of_scene, write_scene_dng
from PIL import Image, features

from llflow_photo import files
from llflow_photo.errors import OptionError
from llflow_photo.files.metadata.exif import carry_block
from llflow_photo.files.tiff.directory import SHORT, UNDEFINED, Entry, exif_block
from llflow_photo.files.tiff.parse import parse_tiff
from llflow_photo.photo import Metadata, Photo

SETTINGS = {"model": "lol-compact", "temperature": 0.8, "seed": 3, "strength": 1.0, "version": "0.1.0"}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SUFFIXES = ["jpg", "png", "tif", "dng", "webp", "avif"]


def _exiftool(path: Path, *options: str) -> dict[str, object]:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    command = ["exiftool", "-j", "-n", "-G1", *options, str(path)]
    out = subprocess.run(command, capture_output=True, check=False).stdout
    return dict(json.loads(out)[0])


def _told(photo: Photo) -> Photo:
    return replace(photo, metadata=files.with_settings(photo.metadata, SETTINGS))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_metadata_round_trip(suffix: str, photo: Photo, tmp_path: Path) -> None:
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / f"photo.{suffix}"
    notes = files.write(_told(photo), path)
    back = files.read(path)
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + (back.metadata.exif or b""))
    details, gps = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    assert (exif[0x010F], exif[0x0110], exif[0x8298]) == ("Demo", "Night One", "somebody")
    assert exif[0x0131] == "llflow-photo 0.1.0" and exif[0x0112] == 1
    assert float(details[0xA20B]) == 250.0
    assert details[0x8827] == 6400 and details[0xA434] == "35mm f/1.8" and float(details[0x829A]) == 1 / 15
    assert gps[2] == (48.0, 12.0, 30.5) and gps[3] == "E"
    assert files.read_settings(back.metadata) == {key: str(value) for key, value in SETTINGS.items()}
    assert b"Rating" in (back.metadata.xmp or b"")
    if suffix in ("webp", "avif"):
        assert any("IPTC" in note for note in notes)
    else:
        assert back.metadata.iptc is not None and back.metadata.iptc.rstrip(b"\0") == IPTC
        assert notes == ()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_exiftool_sees_the_same(suffix: str, photo: Photo, tmp_path: Path) -> None:
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / f"photo.{suffix}"
    files.write(_told(photo), path)
    seen = _exiftool(path)
    image = {
        "Make": "Demo", "Model": "Night One", "Artist": "Zoe Example", "Copyright": "somebody",
        "Software": "llflow-photo 0.1.0",
    }  # fmt: skip
    details = {
        "ISO": 6400,
        "FNumber": 1.8,
        "LensModel": "35mm f/1.8",
        "DateTimeOriginal": "2024:05:06 23:44:59",
    }
    xmp = {"XMP-xmp:Rating": 4, "XMP-xmp:CreatorTool": "llflow-photo 0.1.0", "XMP-llflowphoto:Seed": 3}
    expected = {f"IFD0:{key}": value for key, value in image.items()} | xmp
    expected |= {f"ExifIFD:{key}": value for key, value in details.items()}
    assert {key: seen.get(key) for key in expected} == expected
    assert seen["GPS:GPSLatitude"] == pytest.approx(48.2084722, abs=1e-5)
    assert seen["ExifIFD:ExposureTime"] == pytest.approx(1 / 15, abs=1e-6)
    assert seen.get("IFD0:Orientation", 1) == 1
    assert seen["XMP-llflowphoto:Model"] == "lol-compact" and seen["XMP-llflowphoto:Temperature"] == 0.8
    if suffix not in ("webp", "avif"):
        assert seen["IPTC:Caption-Abstract"] == "night"
    assert not any("Warning" in key or "Error" in key for key in seen)


@pytest.mark.parametrize("space", ["srgb", "display-p3"])
def test_exif_describes_the_new_pixels(space: str, photo: Photo, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    files.write(photo, path, files.Encoding("jpeg", color_space=space))
    with Image.open(path) as image:
        details = image.getexif().get_ifd(0x8769)
        assert (details[0xA002], details[0xA003]) == image.size
    assert details[0xA001] == (1 if space == "srgb" else 0xFFFF)


def test_exiftool_finds_nothing_to_complain_of(photo: Photo, tmp_path: Path) -> None:
    for name in ("photo.jpg", "photo.dng", "photo.png"):
        files.write(_told(photo), tmp_path / name)
        seen = _exiftool(tmp_path / name, "-validate")
        assert seen["ExifTool:Validate"] == "0 0 0", seen


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "dng"])
def test_from_raw_to_every_format(suffix: str, tmp_path: Path) -> None:
    photo = files.read(write_scene_dng(tmp_path / "source.dng", orientation=6))
    assert (photo.height, photo.width) == (96, 64)
    path = tmp_path / f"photo.{suffix}"
    files.write(photo, path)
    back = files.read(path)
    assert (back.height, back.width) == (96, 64)
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + (back.metadata.exif or b""))
    assert exif[0x0110] == "Night One" and exif[0x0112] == 1
    assert exif.get_ifd(0x8769)[0x9003] == "2024:05:06 23:44:59"
    assert exif.get_ifd(0x8825)[4] == (16.0, 22.0, 12.25)


def test_second_run_replaces_the_settings_of_the_first(photo: Photo) -> None:
    once = files.with_settings(photo.metadata, {"model": "a", "seed": 1, "note": "x"})
    twice = files.with_settings(once, {"model": "b", "seed": 2})
    assert files.read_settings(twice) == {"model": "b", "seed": "2"}
    assert twice.xmp is not None and twice.xmp.count(b"CreatorTool>") == 2


def test_settings_without_any_metadata_before() -> None:
    told = files.with_settings(Metadata(), {"model": "a <b> & \x01c", "seed": 0})
    assert files.read_settings(told) == {"model": "a <b> & c", "seed": "0"}
    assert told.exif is not None and carry_block(told.exif).block is not None
    with pytest.raises(OptionError, match="a setting"):
        files.with_settings(Metadata(), {"two words": 1})


def test_settings_in_a_broken_or_hostile_packet() -> None:
    for xmp in (
        b"<broken",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&a;</x:xmpmeta>",
    ):
        told = files.with_settings(Metadata(xmp=xmp), {"seed": 1})
        assert files.read_settings(told) == {"seed": "1"}


def test_foreign_namespaces_keep_their_prefixes() -> None:
    packet = XMP.replace(
        b'xmp:Rating="4"', b'xmlns:digiKam="http://www.digikam.org/ns/1.0/" digiKam:Pick="2"'
    )
    told = files.with_settings(Metadata(xmp=packet), {"seed": 1})
    assert told.xmp is not None and b'digiKam:Pick="2"' in told.xmp


def test_other_programs_raw_settings_are_not_applied_twice(tmp_path: Path) -> None:
    crs = b'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:Exposure2012="+2.00"'
    tiff = b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"'
    write_scene_dng(tmp_path / "photo.dng")
    (tmp_path / "photo.xmp").write_bytes(
        XMP.replace(b'xmp:Rating="4"', crs + b" " + tiff + b' xmp:Rating="4"')
    )
    photo = files.read(tmp_path / "photo.dng")
    assert photo.metadata.xmp is not None
    assert b"Exposure2012" not in photo.metadata.xmp and b'tiff:Orientation="1"' in photo.metadata.xmp
    assert b'Rating="4"' in photo.metadata.xmp
    assert any("development settings" in note for note in photo.notes)


@pytest.mark.parametrize(
    ("namespace", "kept"),
    [
        ("http://darktable.sf.net/", False),
        ("http://ns.adobe.com/camera-raw-saved-settings/1.0/", False),
        ("http://ns.adobe.com/camera-raw-embedded-lens-profile/1.0/", False),
        ("http://ns.adobe.com/lightroom/1.0/", True),
    ],
)
def test_settings_of_every_raw_editor_are_left_out(namespace: str, kept: bool, tmp_path: Path) -> None:
    """Opened again in that editor, the result would be developed a second time."""
    body = (
        f'<a:history xmlns:a="{namespace}"><r:Seq xmlns:r="{RDF}"><r:li>exposure</r:li></r:Seq></a:history>'
    )
    Image.new("RGB", (16, 16)).save(tmp_path / "photo.jpg", xmp=packet_of(body, 'xmp:Rating="4"'))
    photo = files.read(tmp_path / "photo.jpg")
    assert photo.metadata.xmp is not None
    assert (b"exposure" in photo.metadata.xmp) == kept and b"Rating" in photo.metadata.xmp
    assert any("development settings" in note for note in photo.notes) != kept


def test_maker_note_is_dropped_with_a_note() -> None:
    exif = {0x927C: Entry(UNDEFINED, b"private" * 20), 0x8827: Entry.numbers(SHORT, 800)}
    block = exif_block({0x010F: Entry.text("Demo"), 0x8769: Entry.directories(exif)})
    carried = carry_block(b"Exif\0\0" + block)
    assert any("maker" in note for note in carried.notes)
    kept = parse_tiff(carried.block or b"")[0]
    assert kept[0x8769].value[0][0x8827].value == (800,) and 0x927C not in kept[0x8769].value[0]


def test_block_too_large_for_jpeg_is_in_the_notes(photo: Photo, tmp_path: Path) -> None:
    large = replace(photo, metadata=replace(photo.metadata, iptc=b"\x1c\x02\x78" + b"x" * 70_000))
    notes = files.write(large, tmp_path / "photo.jpg")
    assert any("IPTC" in note and "too large" in note for note in notes)
    assert files.read(tmp_path / "photo.jpg").metadata.iptc is None
    assert files.write(large, tmp_path / "photo.tif") == ()


def test_directories_survive_a_loop() -> None:
    """A directory whose Exif pointer leads back to itself."""
    block = bytearray(
        exif_block({0x010F: Entry.text("Demo"), 0x8769: Entry.directories({0x8827: Entry.numbers(SHORT, 1)})})
    )
    place = block.index(b"\x69\x87\x04\x00")
    block[place + 8 : place + 12] = (8).to_bytes(4, "little")
    assert 0x8769 not in parse_tiff(bytes(block))[0]


def test_photo_without_metadata_gets_none(tmp_path: Path) -> None:
    photo = replace(photo_of_scene(), metadata=Metadata())
    for suffix in ("jpg", "png", "tif"):
        files.write(photo, tmp_path / f"photo.{suffix}")
        back = files.read(tmp_path / f"photo.{suffix}")
        assert back.metadata.exif is None and back.metadata.xmp is None and back.notes == ()
        assert np.abs(back.pixels - photo.pixels).max() < 0.1
