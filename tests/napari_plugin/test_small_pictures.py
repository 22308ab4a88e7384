"""Thumbnails of files: from embedded previews if available, upright, cached."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import napari_plugin
from llflow_photo import files
from llflow_photo.color.spaces import SRGB, convert
from napari_plugin import small_pictures
from napari_plugin.small_pictures import Thumbnails, small_picture

SAMPLE = Path(napari_plugin.__file__).parent / "sample_data" / "night_raw.dng"


def test_a_jpeg_is_decoded_small_and_upright(tmp_path: Path) -> None:
    pixels = np.zeros((1200, 1600, 3), np.uint8)
    pixels[:, 800:] = (200, 20, 20)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.jpg"
    Image.fromarray(pixels).save(path, exif=exif)
    found = small_picture(path, 200)
    assert found is not None and found.shape[0] > found.shape[1] and 200 <= found.shape[0] <= 400
    assert found[-20:, :, 0].mean() > 180 and found[:20, :, 0].mean() < 20


def test_a_raw_file_without_a_preview_is_decoded_at_half_size() -> None:
    found = small_picture(SAMPLE, 100)
    photo = files.read(SAMPLE)
    assert found is not None and found.dtype == np.uint8
    half = np.array(photo.pixels.shape[:2]) / 2
    np.testing.assert_allclose(found.shape[:2], half, atol=4)
    assert found.std() > 1


@pytest.mark.parametrize("name", ["deep.tif", "a.png"])
def test_files_without_a_smaller_version_are_read_completely(tmp_path: Path, name: str) -> None:
    photo = files.read(SAMPLE)
    files.write(photo, tmp_path / name)
    assert small_picture(tmp_path / name, 64, whole=False) is None
    found = small_picture(tmp_path / name, 64)
    assert found is not None and found.shape[2] == 3
    encoded = np.clip(convert(photo.pixels, photo.color_space, SRGB), 0, 1)
    assert found.mean() == pytest.approx(255 * encoded.mean(), abs=2)


def test_damaged_and_missing_files_have_no_thumbnail(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.nef", "a.tif"):
        (tmp_path / name).write_bytes(b"no photo at all")
        assert small_picture(tmp_path / name, 64) is None
    assert small_picture(tmp_path / "missing.jpg", 64) is None


def test_thumbnails_are_read_once_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path, side: int) -> np.ndarray | None:
        read.append(path)
        return small_picture(path, side)

    monkeypatch.setattr(small_pictures, "small_picture", counted)
    path = tmp_path / "a.jpg"
    Image.new("RGB", (300, 200), (90, 0, 0)).save(path)
    kept = Thumbnails(64, most=2)
    first = kept.read(path)
    assert first is not None and max(first.shape) == 64 and kept.read(path) is first
    assert len(read) == 1
    Image.new("RGB", (200, 301), (0, 90, 0)).save(path)
    second = kept.read(path)
    assert second is not None and second.shape[0] > second.shape[1] and len(read) == 2
    assert kept.read(tmp_path / "missing.jpg") is None
    for name in ("b.jpg", "c.jpg"):
        Image.new("RGB", (30, 20)).save(tmp_path / name)
        kept.read(tmp_path / name)
    kept.read(path)  # was discarded
    assert len(read) == 5
