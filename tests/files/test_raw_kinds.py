"""RAW files out of the ordinary: without pixel data, of four colors, of kinds LibRaw does not know."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rawpy
from dng_helpers import SRGB_CAMERA, write_dng, write_dng_pages
from file_helpers import mosaic_of_scene, scene

from llflow_photo import files
from llflow_photo.color.spaces import LINEAR_SRGB, convert
from llflow_photo.errors import FormatError, ReadError
from llflow_photo.files import RawOptions
from llflow_photo.files.raw.checks import refuse_pixels_beyond_the_end
from llflow_photo.files.tiff.directory import BYTE, IFD, LONG, SHORT, UNDEFINED, Entry, exif_block
from llflow_photo.files.tiff.tags import Compression, Tag


@pytest.mark.parametrize("value", [0, 512, 65535])
@pytest.mark.parametrize("channels", [None, 3])
def test_blank_frames_are_refused(value: int, channels: int | None, tmp_path: Path) -> None:
    """Black, white or gray: samples of test suites, and cards that lost data, have no pixels but zeros."""
    shape = (64, 96) if channels is None else (64, 96, channels)
    path = write_dng(tmp_path / "blank.dng", np.full(shape, value, np.uint16))
    with pytest.raises(ReadError, match="same value"):
        files.read(path)


def test_frames_of_which_most_is_missing_are_refused(tmp_path: Path) -> None:
    mosaic = mosaic_of_scene()
    mosaic[24:] = 0
    with pytest.raises(ReadError, match="62 % of the rows"):
        files.read(write_dng(tmp_path / "half.dng", mosaic))


@pytest.mark.parametrize("part", [np.s_[:32], np.s_[16:48], np.s_[:, 48:], np.s_[:, :60]])
def test_a_half_that_is_missing_anywhere_is_refused(part: Any, tmp_path: Path) -> None:
    mosaic = mosaic_of_scene()
    mosaic[part] = 0
    black = {Tag.BlackLevel: Entry.numbers(LONG, 512)}
    with pytest.raises(ReadError, match=r"of the (rows|columns) have one and the same value"):
        files.read(write_dng(tmp_path / "half.dng", mosaic, extra=black))
    # Without a black level zeros may be black in earnest.
    assert any("may be incomplete" in n for n in files.read(write_dng(tmp_path / "b.dng", mosaic)).notes)


def test_a_margin_outside_the_active_area_may_be_blank(tmp_path: Path) -> None:
    mosaic = mosaic_of_scene()
    mosaic[:, 60:] = 0
    whole = {Tag.ActiveArea: Entry.numbers(LONG, 0, 0, 64, 60)}
    assert not [
        n for n in files.read(write_dng(tmp_path / "a.dng", mosaic, extra=whole)).notes if "value" in n
    ]
    noted = files.read(write_dng(tmp_path / "b.dng", mosaic)).notes
    assert "36 columns of the RAW file have one and the same value; the file may be incomplete" in noted


def test_a_missing_end_is_noted(tmp_path: Path) -> None:
    mosaic = mosaic_of_scene()
    mosaic[50:] = 0
    photo = files.read(write_dng(tmp_path / "end.dng", mosaic))
    assert [note for note in photo.notes if "14 rows" in note]


def test_mosaics_too_small_for_libraw(tmp_path: Path) -> None:
    with pytest.raises(ReadError):
        files.read(write_dng(tmp_path / "tiny.dng", mosaic_of_scene()[:12, :12].copy()))


def test_dark_and_overexposed_frames_are_photos(tmp_path: Path) -> None:
    """A lens cap with the sensor's noise; a sky that saturates more than half of the frame."""
    noise = np.random.default_rng(0).normal(512, 1.0, (64, 96)).round().astype(np.uint16)
    black = {Tag.BlackLevel: Entry.numbers(SHORT, 512)}
    assert files.read(write_dng(tmp_path / "cap.dng", noise, extra=black)).pixels.max() < 1e-3
    sky = mosaic_of_scene()
    sky[20:] = 65535
    assert files.read(write_dng(tmp_path / "sky.dng", sky)).pixels[30:].min() > 0.99


def test_blank_pictures_of_our_own_are_read_back(tmp_path: Path) -> None:
    from llflow_photo.photo import Photo

    files.write(Photo(np.full((32, 32, 3), 0.25, np.float32), LINEAR_SRGB, 16), tmp_path / "gray.dng")
    np.testing.assert_allclose(files.read(tmp_path / "gray.dng").pixels, 0.25, rtol=1e-3)


def _panasonic(path: Path, pixels: bytes) -> Path:
    """An RW2 file of a camera that LibRaw knows, with whatever stands for its packed pixels."""
    height, width = 300, 400
    page = {
        1: Entry(UNDEFINED, b"0310"),
        2: Entry.numbers(SHORT, width),
        3: Entry.numbers(SHORT, height),
        4: Entry.numbers(SHORT, 4),
        5: Entry.numbers(SHORT, 4),
        6: Entry.numbers(SHORT, height - 4),
        7: Entry.numbers(SHORT, width - 8),
        9: Entry.numbers(SHORT, 1),
        10: Entry.numbers(SHORT, 12),
        11: Entry.numbers(SHORT, 34316),
        0x24: Entry.numbers(SHORT, 500),
        0x25: Entry.numbers(SHORT, 256),
        0x26: Entry.numbers(SHORT, 400),
        Tag.Make: Entry.text("Panasonic"),
        Tag.Model: Entry.text("DMC-GF1"),
        Tag.RawDataOffset: Entry.numbers(LONG, 2048),
    }
    path.write_bytes((b"IIU\0" + exif_block(page)[4:]).ljust(2048, b"\0") + pixels)
    return path


def test_a_makers_raw_of_equal_pixels_is_refused(tmp_path: Path) -> None:
    """LibRaw itself develops it to black; before 0.22 it notices where the file ends."""
    with pytest.raises(ReadError, match=r"same value|truncated or damaged"):
        files.read(_panasonic(tmp_path / "pruned.rw2", bytes(300 * 400 * 8 // 7 + 16384)))


def test_a_makers_raw_that_ends_before_its_pixels_is_refused(tmp_path: Path) -> None:
    """LibRaw develops memory that nothing was written to, so the result differs from run to run."""
    with pytest.raises(ReadError, match=r"truncated: its pixel data would start at byte 2,048"):
        files.read(_panasonic(tmp_path / "pruned.rw2", b""))


@pytest.mark.parametrize("present", [True, False])
def test_pixels_beyond_the_end_of_a_makers_raw(present: bool) -> None:
    """The largest image counts, also in a child of the first directory; a preview does not."""
    large = {
        Tag.ImageWidth: Entry.numbers(SHORT, 400),
        Tag.ImageLength: Entry.numbers(SHORT, 300),
        Tag.StripOffsets: Entry.numbers(LONG, 900 if present else 1000),
    }
    page = {
        Tag.ImageWidth: Entry.numbers(SHORT, 40),
        Tag.ImageLength: Entry.numbers(SHORT, 30),
        Tag.StripOffsets: Entry.numbers(LONG, 5000),
        Tag.SubIFDs: Entry(IFD, (large,)),
    }
    data = exif_block(page).ljust(1000, b"\0")
    with contextlib.nullcontext() if present else pytest.raises(ReadError, match="byte 1,000, but the file"):
        refuse_pixels_beyond_the_end(data, "IMG.NEF")


def test_pixels_beyond_the_end_of_a_raf() -> None:
    data = b"FUJIFILMCCD-RAW ".ljust(100, b"\0") + struct.pack(">II", 4096, 100) + bytes(64)
    with pytest.raises(ReadError, match="byte 4,096, but the file has 172 bytes"):
        refuse_pixels_beyond_the_end(data, "IMG.RAF")


@pytest.mark.skipif(rawpy.libraw_version < (0, 22), reason="this LibRaw does not notice the damage")
def test_the_first_error_of_libraw_is_reported(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(300 * 400 * 8 // 7 + 16384)
    with pytest.raises(ReadError, match="cannot be decoded: Data error"):
        files.read(_panasonic(tmp_path / "noise.rw2", noise))


@pytest.mark.parametrize("compression", [Compression.Uncompressed, Compression.JPEG, Compression.Deflate])
def test_pixels_beyond_the_end_of_a_dng(compression: Compression, tmp_path: Path) -> None:
    """The directory is there, the strip ends early: what a sample without its pixels looks like."""
    path = write_dng(tmp_path / "whole.dng", mosaic_of_scene(), compression=compression)
    data = bytearray(path.read_bytes())
    (table,) = struct.unpack_from("<I", data, 4)
    for record in range(table + 2, table + 2 + 12 * struct.unpack_from("<H", data, table)[0], 12):
        if struct.unpack_from("<H", data, record)[0] == Tag.StripOffsets:
            struct.pack_into("<I", data, record + 8, len(data) - 100)
    path.write_bytes(data)
    with pytest.raises(ReadError, match="truncated"):
        files.read(path)


def test_lossless_jpeg_overwritten_with_zeros(tmp_path: Path) -> None:
    """LibRaw would develop the tile to black."""
    from dng_helpers import dng_directory

    tags, data = dng_directory(mosaic_of_scene(), compression=Compression.JPEG)
    path = write_dng_pages(tmp_path / "zeros.dng", [(tags, bytes(len(data)))])
    with pytest.raises(ReadError, match="missing"):
        files.read(path)


# Green, magenta, cyan, yellow from linear sRGB, as filters of complementary colors see it.
GMCY = np.array([[0, 1, 0], [0.5, 0, 0.5], [0, 0.5, 0.5], [0.5, 0.5, 0]])
GMCY_PATTERN = ((1, 4), (3, 5))


def _four_colors(path: Path, **extra: Entry | None) -> Path:
    """A mosaic like that of cameras of about 2000, whose matrix has four rows."""
    linear = np.kron(scene(64, 96), np.ones((4, 4, 1), np.float32))
    planes = np.einsum("kc,hwc->hwk", GMCY, linear)
    mosaic = np.empty(linear.shape[:2])
    for row in (0, 1):
        for column in (0, 1):
            plane = (1, 4, 3, 5).index(GMCY_PATTERN[row][column])
            mosaic[row::2, column::2] = planes[row::2, column::2, plane]
    fields = {
        Tag.CFAPlaneColor: Entry(BYTE, bytes((1, 4, 3, 5))),
        Tag.ColorMatrix1: Entry.rationals((GMCY @ SRGB_CAMERA).ravel().tolist(), signed=True),
        Tag.AsShotNeutral: Entry.rationals((1, 1, 1, 1)),
    }
    return write_dng(path, np.rint(mosaic * 60000).astype(np.uint16), GMCY_PATTERN, extra=fields)


def test_four_colors_are_developed(tmp_path: Path) -> None:
    photo = files.read(_four_colors(tmp_path / "gmcy.dng"))
    assert any("four colors" in note for note in photo.notes)
    seen = convert(photo.pixels, photo.color_space, LINEAR_SRGB)
    expected = scene(64, 96) * 60000 / 65535
    for row, column in ((16, 16), (16, 40), (34, 16), (60, 4)):
        place = (slice(4 * row - 6, 4 * row + 6), slice(4 * column - 6, 4 * column + 6))
        np.testing.assert_allclose(seen[place].mean((0, 1)), expected[row, column], atol=0.015)
    files.write(photo, tmp_path / "linear.dng")
    np.testing.assert_allclose(
        files.read(tmp_path / "linear.dng").pixels.mean(), photo.pixels.mean(), rtol=0.02
    )


def test_multipliers_for_three_colors_do_not_fit_four(tmp_path: Path) -> None:
    path = _four_colors(tmp_path / "gmcy.dng")
    photo = files.read(path, RawOptions(white_balance=(2.0, 1.0, 1.5)))
    assert any("three colors" in note for note in photo.notes)
    np.testing.assert_array_equal(photo.pixels, files.read(path).pixels)


def test_intact_files_of_unknown_kinds_are_not_called_damaged(tmp_path: Path) -> None:
    """A RAW file by its name and structure, of a camera LibRaw has never seen."""
    page = {
        Tag.Make: Entry.text("Nobody"),
        Tag.Model: Entry.text("Zero"),
        Tag.ImageWidth: Entry.numbers(LONG, 64),
    }
    path = tmp_path / "photo.nef"
    path.write_bytes(exif_block(page) + bytes(5000))
    with pytest.raises(FormatError, match="does not support") as caught:
        files.read(path)
    assert "truncated" not in str(caught.value)
