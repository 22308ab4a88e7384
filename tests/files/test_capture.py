"""What EXIF says of a photo's capture, of every kind of file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_helpers import EXIF_FIELDS

from llflow_photo.files import Encoding, capture_of, write
from llflow_photo.files.dng.write import write_cfa_dng
from llflow_photo.files.metadata.exif_fields import exif_directories
from llflow_photo.files.tiff.directory import exif_block
from llflow_photo.photo import Metadata, Photo

TAKEN = datetime(2024, 5, 6, 23, 44, 59)


def photo(**fields: Any) -> Photo:
    block = exif_block(exif_directories({**EXIF_FIELDS, **fields}))
    return Photo(np.full((16, 24, 3), 0.2, np.float32), metadata=Metadata(exif=block))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_pictures(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write(photo(SubSecTimeOriginal="25"), path)
    capture = capture_of(path)
    assert capture.camera == "Demo Night One"
    assert capture.taken == TAKEN.replace(microsecond=250_000)
    assert capture.exposure_s == pytest.approx(1 / 15)
    assert capture.settings == ((pytest.approx(1 / 15),), (1.8,), (6400.0,), (35.0,), (), (1.0,))


def test_raw_files(tmp_path: Path) -> None:
    path = tmp_path / "a.dng"
    fields = {**EXIF_FIELDS, "BodySerialNumber": "7"}
    write_cfa_dng(path, np.full((16, 24), 900, np.uint16), exif=fields)
    capture = capture_of(path)
    assert capture.camera.endswith(" 7")
    assert (capture.taken, capture.exposure_s) == (TAKEN, pytest.approx(1 / 15))


def test_other_settings_and_other_bodies_differ(tmp_path: Path) -> None:
    captures = []
    for number, fields in enumerate(({}, {"ISOSpeedRatings": 100}, {"BodySerialNumber": "2"})):
        path = tmp_path / f"{number}.jpg"
        write(photo(**fields), path, Encoding("jpeg"))
        captures.append(capture_of(path))
    assert captures[0].settings != captures[1].settings
    assert captures[0].settings == captures[2].settings
    assert captures[0].camera != captures[2].camera


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff\xe1\x00", b"II*\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n", b"x"]
)
def test_what_cannot_be_read_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert capture_of(path).taken is None
    assert capture_of(tmp_path / "absent.jpg").camera == ""


def test_a_date_that_makes_no_sense_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    write(photo(DateTimeOriginal="0000:00:00 00:00:00"), path)
    assert capture_of(path).taken is None
    assert capture_of(path).camera == "Demo Night One"
