"""Clean photos are read as pairs are: upright, 8 bits, and with the name of a file that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo.errors import TrainingDataError
from llflow_photo.training.photos import load_photos


def test_photos_are_turned_upright(tmp_path: Path) -> None:
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:, :8] = 200
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    (photo,) = load_photos([tmp_path / "turned.png"])
    np.testing.assert_array_equal(photo, np.rot90(pixels, -1))


def test_photos_of_16_bits_are_rejected(tmp_path: Path) -> None:
    Image.fromarray(np.full((16, 24), 40000, np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(TrainingDataError, match=r"deep\.png has mode I;16; convert it to an 8-bit photo"):
        load_photos([tmp_path / "deep.png"])


def test_photos_of_too_many_pixels_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "huge.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(TrainingDataError, match=r"huge\.png is too large: .*; scale it down"):
        load_photos([tmp_path / "huge.png"])
