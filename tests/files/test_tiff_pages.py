"""Which page of a TIFF is read: the photo, not its thumbnail, mask or reduced copy; and its own metadata."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from file_helpers import IPTC, corners_of, quadrants
from PIL import Image

from llflow_photo import files
from llflow_photo.color.profiles import profile_bytes
from llflow_photo.color.spaces import DISPLAY_P3
from llflow_photo.files.tiff.directory import LONG, SHORT, UNDEFINED, Directory, Entry, encode_directories

FULL, REDUCED, MASK = 0, 1, 4


def _page(strips: bytearray, values: np.ndarray, kind: int | None, compression: int = 1) -> Directory:
    """A directory whose pixels are appended to ``strips``, which begin at byte 8 of the file."""
    height, width = values.shape[:2]
    if compression == 7:
        out = io.BytesIO()
        Image.fromarray(values).save(out, "JPEG", quality=95, subsampling=0)
        data = out.getvalue()
    else:
        data = values.tobytes()
    place = 8 + len(strips)
    strips += data + b"\0" * (len(data) % 2)
    page: Directory = {
        256: Entry.numbers(LONG, width), 257: Entry.numbers(LONG, height), 258: Entry.numbers(SHORT, 8, 8, 8),
        259: Entry.numbers(SHORT, compression), 262: Entry.numbers(SHORT, 6 if compression == 7 else 2),
        273: Entry.numbers(LONG, place), 277: Entry.numbers(SHORT, 3), 278: Entry.numbers(LONG, height),
        279: Entry.numbers(LONG, len(data)),
    }  # fmt: skip
    if compression == 7:
        page[530] = Entry.numbers(SHORT, 1, 1)
    if kind is not None:
        page[254] = Entry.numbers(LONG, kind)
    return page


def _write(path: Path, strips: bytearray, pages: list[Directory]) -> Path:
    place = 8 + len(strips)
    head = struct.pack("<2sHI", b"II", 42, place)
    path.write_bytes(head + bytes(strips) + encode_directories(pages, place))
    return path


SMALL, LARGE = quadrants(24, 32), quadrants(120, 160)


@pytest.mark.parametrize("compression", [1, 7])
@pytest.mark.parametrize("kind", [REDUCED, MASK, None], ids=["reduced", "mask", "without flags"])
@pytest.mark.parametrize("below", [False, True], ids=["next page", "SubIFD"])
def test_a_thumbnail_before_the_photo(
    compression: int, kind: int | None, below: bool, tmp_path: Path
) -> None:
    strips = bytearray()
    first = _page(strips, SMALL, kind, compression)
    photo = _page(strips, LARGE, None if kind is None else FULL, compression)
    if below:
        first[330] = Entry.directories(photo)
    path = _write(tmp_path / "photo.tif", strips, [first] if below else [first, photo])
    result = files.read(path)
    assert corners_of(result.pixels) == "RGBW 160x120"
    assert not result.notes


def test_a_thumbnail_of_another_shape(tmp_path: Path) -> None:
    """160 x 120 with black bars, as cameras make them of photos of 3 : 2."""
    strips = bytearray()
    pages = [_page(strips, quadrants(120, 160), None), _page(strips, quadrants(600, 900), None)]
    photo = files.read(_write(tmp_path / "photo.tif", strips, pages))
    assert (photo.height, photo.width) == (600, 900) and not photo.notes


def test_the_largest_of_a_pyramid_that_begins_with_the_smallest(tmp_path: Path) -> None:
    strips = bytearray()
    pages = [_page(strips, quadrants(3 * side, 4 * side), None) for side in (20, 40, 160, 80)]
    assert files.read(_write(tmp_path / "photo.tif", strips, pages)).width == 640


@pytest.mark.parametrize("kind", [REDUCED, None])
def test_a_reduced_copy_below_the_photo(kind: int | None, tmp_path: Path) -> None:
    """As Photoshop's pyramids have them, with or without their flag."""
    strips = bytearray()
    photo, copy = _page(strips, LARGE, None), _page(strips, SMALL, kind)
    photo[330] = Entry.directories(copy)
    assert files.read(_write(tmp_path / "photo.tif", strips, [photo])).width == 160


def test_several_photos_in_a_file(tmp_path: Path) -> None:
    strips = bytearray()
    pages = [_page(strips, quadrants(600, 800), FULL), _page(strips, quadrants(640, 800), FULL)]
    photo = files.read(_write(tmp_path / "photo.tif", strips, pages))
    assert (photo.height, photo.width) == (600, 800)
    assert any("only the first full-size page" in note for note in photo.notes)


@pytest.mark.parametrize("compression", [1, 7])
def test_metadata_and_orientation_of_the_first_directory_are_the_files(
    compression: int, tmp_path: Path
) -> None:
    """TIFF/EP: the thumbnail's directory holds Exif and orientation for the photo below it."""
    strips = bytearray()
    first = _page(strips, SMALL, REDUCED, compression)
    first |= {0x0112: Entry.numbers(SHORT, 6), 0x013B: Entry.text("Zoe")}
    first[0x8769] = Entry.directories({0x8827: Entry.numbers(SHORT, 800)})
    first[330] = Entry.directories(_page(strips, LARGE, FULL, compression))
    photo = files.read(_write(tmp_path / "photo.tif", strips, [first]))
    assert corners_of(photo.pixels) == "BRWG 120x160"
    block = Image.Exif()
    block.load(photo.metadata.exif)
    assert block[0x013B] == "Zoe" and block.get_ifd(0x8769)[0x8827] == 800


@pytest.mark.parametrize("compression", [1, 7])
def test_profile_and_iptc_of_the_first_directory_are_the_files(compression: int, tmp_path: Path) -> None:
    """The second as Photoshop keeps it: among its image resources, which some programs write alone."""
    strips = bytearray()
    first = _page(strips, SMALL, REDUCED, compression)
    resources = b"8BIM\x03\xed\0\0\0\0\0\2ab" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC
    first[0x8649] = Entry(UNDEFINED, resources)
    first[0x8773] = Entry(UNDEFINED, profile_bytes(DISPLAY_P3))
    first[330] = Entry.directories(_page(strips, LARGE, FULL, compression))
    photo = files.read(_write(tmp_path / "photo.tif", strips, [first]))
    assert photo.width == 160
    assert photo.color_space == DISPLAY_P3
    assert photo.metadata.iptc == IPTC
