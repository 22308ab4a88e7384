"""TIFF that is declared as gray but has several channels."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from file_helpers import corners_of, quadrants

from llflow_photo import files
from llflow_photo.files.tiff.directory import LONG, SHORT, Directory, Entry, encode_directories
from llflow_photo.files.tiff.tags import Tag

RGB = quadrants()


def _tiff(path: Path, values: np.ndarray, photometric: int = 1, extra: int = 0) -> Path:
    height, width, channels = values.shape
    strip = values.tobytes()
    directory: Directory = {
        Tag.ImageWidth: Entry.numbers(LONG, width), Tag.ImageLength: Entry.numbers(LONG, height),
        Tag.BitsPerSample: Entry.numbers(SHORT, *([8 * values.itemsize] * channels)),
        Tag.Compression: Entry.numbers(SHORT, 1),
        Tag.PhotometricInterpretation: Entry.numbers(SHORT, photometric),
        Tag.StripOffsets: Entry.numbers(LONG, 8),
        Tag.SamplesPerPixel: Entry.numbers(SHORT, channels), Tag.RowsPerStrip: Entry.numbers(LONG, height),
        Tag.StripByteCounts: Entry.numbers(LONG, len(strip)),
    }  # fmt: skip
    if extra:
        directory[Tag.ExtraSamples] = Entry.numbers(SHORT, *([0] * extra))
    place = 8 + len(strip)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, place) + strip + encode_directories([directory], place))
    return path


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_three_channels_without_extra_samples_are_colors(dtype: str, tmp_path: Path) -> None:
    photo = files.read(_tiff(tmp_path / "photo.tif", RGB.astype(dtype)))
    assert corners_of(photo.pixels) == corners_of(RGB)
    assert ["three colors" in note for note in photo.notes] == [True]


def test_a_declared_fourth_channel_is_not_a_color(tmp_path: Path) -> None:
    values = np.concatenate([RGB, np.full((*RGB.shape[:2], 1), 255, np.uint8)], axis=2)
    photo = files.read(_tiff(tmp_path / "photo.tif", values, extra=1))
    assert corners_of(photo.pixels) == corners_of(RGB)
    assert len(photo.notes) == 2 and "beyond color" in photo.notes[1]


@pytest.mark.parametrize(("photometric", "extra"), [(1, 2), (0, 0)])
def test_gray_with_further_channels_is_noted(photometric: int, extra: int, tmp_path: Path) -> None:
    photo = files.read(_tiff(tmp_path / "photo.tif", RGB, photometric, extra))
    np.testing.assert_array_equal(photo.pixels[..., 0], photo.pixels[..., 2])
    assert photo.notes == ("channels beyond color (alpha or spot) were not kept",)


def test_plain_gray_and_plain_color_have_no_note(tmp_path: Path) -> None:
    assert not files.read(_tiff(tmp_path / "gray.tif", RGB[..., :1].copy())).notes
    assert not files.read(_tiff(tmp_path / "color.tif", RGB, 2)).notes
