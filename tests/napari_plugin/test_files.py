"""Reader, writer and samples: photos and their metadata are preserved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from llflow_photo import files
from llflow_photo.errors import ImageInputError, WriteError
from napari_plugin.layers import KEY, photo_of_data
from napari_plugin.reader import get_reader, read_photos
from napari_plugin.samples import night_raw, night_street
from napari_plugin.saving import proposed_path, save_data
from napari_plugin.writer import write_image


@pytest.fixture
def jpeg(tmp_path: Path) -> Path:
    exif = Image.Exif()
    exif[0x010F], exif[0x8298] = "Maker", "Someone"
    path = tmp_path / "night.jpg"
    pixels = np.random.default_rng(0).integers(0, 60, (40, 56, 3), np.uint8)
    Image.fromarray(pixels).save(path, exif=exif, quality=95)
    return path


def test_the_reader_decides_by_the_extension(tmp_path: Path) -> None:
    assert get_reader("a.NEF") is not None
    assert get_reader(["a.jpg", "b.dng"]) is not None
    assert get_reader("a.txt") is None
    assert get_reader(["a.jpg", "notes.txt"]) is None
    assert get_reader([]) is None


def test_a_photo_becomes_an_rgb_layer_with_its_metadata(jpeg: Path) -> None:
    ((pixels, arguments, kind),) = read_photos(str(jpeg))
    assert kind == "image" and arguments["rgb"] and arguments["name"] == "night"
    assert pixels.shape == (40, 56, 3) and pixels.dtype == np.float32
    np.testing.assert_allclose(pixels, np.asarray(Image.open(jpeg)) / 255, atol=1e-6)
    assert arguments["metadata"]["source"] == str(jpeg)
    assert arguments["metadata"][KEY].facts.metadata.exif is not None


def test_both_samples_open_dark_and_upright() -> None:
    for sample in (night_raw, night_street):
        ((pixels, arguments, kind),) = sample()
        assert kind == "image" and arguments["name"].startswith("Night")
        assert pixels.shape[2] == 3 and np.isfinite(pixels).all()
        assert 0 < float(np.median(pixels)) < 0.3


@pytest.mark.parametrize("ending", [".tif", ".jpg", ".png", ".dng"])
def test_written_files_keep_pixels_exif_and_settings(jpeg: Path, tmp_path: Path, ending: str) -> None:
    ((pixels, arguments, _),) = read_photos(str(jpeg))
    metadata = {**arguments["metadata"], "settings": {"model": "m", "temperature": 0.8, "seed": 3}}
    target = tmp_path / f"out{ending}"
    assert write_image(str(target), pixels, {"metadata": metadata}) == [str(target)]
    back = files.read(target)
    assert back.pixels.shape == pixels.shape
    assert back.metadata.exif is not None and b"Someone" in back.metadata.exif
    assert files.read_settings(back.metadata)["seed"] == "3"
    if ending in (".tif", ".png"):
        np.testing.assert_allclose(back.pixels, pixels, atol=1 / 250)


def test_the_original_is_never_overwritten(jpeg: Path) -> None:
    ((pixels, arguments, _),) = read_photos(str(jpeg))
    before = jpeg.read_bytes()
    with pytest.raises(WriteError, match="original"):
        save_data(jpeg, pixels, arguments["metadata"])
    assert jpeg.read_bytes() == before
    assert proposed_path(arguments["metadata"], "x") == jpeg.with_name("night_enhanced.tif")


@pytest.mark.parametrize(
    ("data", "expected", "bits"),
    [
        (np.full((4, 5), 255, np.uint8), 1.0, 8),
        (np.full((4, 5, 3), 65535, np.uint16), 1.0, 16),
        (np.full((4, 5, 4), 51, np.uint8), 0.2, 8),
        (np.full((4, 5, 3), 0.25, np.float64), 0.25, 32),
    ],
)
def test_gray_and_rgb_arrays_are_photos(data: np.ndarray, expected: float, bits: int) -> None:
    photo = photo_of_data(data, {})
    assert photo.pixels.shape == (4, 5, 3) and photo.pixels.dtype == np.float32
    assert photo.bit_depth == bits
    np.testing.assert_allclose(photo.pixels, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("data", "expected", "bits"),
    [
        (np.array([[0, 51], [255, 0]], np.int32), 0.2, 8),
        (np.array([[0, 51], [255, 0]], np.int64), 0.2, 8),
        (np.array([[0, 13107], [65535, 0]], np.uint32), 0.2, 16),
        (np.array([[0, 6553], [32767, 0]], np.int16), 0.2, 16),
    ],
)
def test_integers_in_a_wide_type_are_not_black(data: np.ndarray, expected: float, bits: int) -> None:
    photo = photo_of_data(data, {})
    np.testing.assert_allclose(photo.pixels[0, 1], expected, atol=1e-4)
    assert photo.pixels.max() == 1.0 and photo.bit_depth == bits
    assert "does not define a white level" in photo.notes[0]
    assert not photo_of_data(np.full((2, 2), 9, np.uint16), {}).notes


def test_a_missing_folder_is_named(jpeg: Path, tmp_path: Path) -> None:
    ((pixels, arguments, _),) = read_photos(str(jpeg))
    with pytest.raises(WriteError, match=r"no-such is not a folder; create it"):
        save_data(tmp_path / "no-such" / "a.tif", pixels, arguments["metadata"])


def test_a_read_only_folder_is_not_proposed_and_named_in_the_error(
    jpeg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((pixels, arguments, _),) = read_photos(str(jpeg))
    writable = tmp_path / "home"
    writable.mkdir()
    access = os.access
    monkeypatch.setattr(Path, "home", lambda: writable)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != jpeg.parent and access(path, mode))
    assert proposed_path(arguments["metadata"], "x") == writable / "night_enhanced.tif"
    with pytest.raises(WriteError, match=f"cannot write .*{jpeg.parent}.*choose another folder"):
        save_data(jpeg.with_name("b.tif"), pixels, arguments["metadata"])


def test_a_folder_that_cannot_be_accessed_is_named_in_the_error(
    jpeg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((pixels, arguments, _),) = read_photos(str(jpeg))

    def denied(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", denied)
    with pytest.raises(WriteError, match=r"cannot be accessed \(Permission denied\); choose another folder"):
        save_data(tmp_path / "closed" / "b.tif", pixels, arguments["metadata"])


@pytest.mark.parametrize(
    "data",
    [
        np.zeros((4, 5, 2)),
        np.zeros((2, 3, 4, 5)),
        np.zeros((0, 5, 3)),
        np.zeros((4, 4, 3), bool),
        np.full((16, 16, 3), 200.0),
    ],
)
def test_arrays_that_are_no_photos_are_rejected(data: np.ndarray) -> None:
    with pytest.raises(ImageInputError, match="layer"):
        photo_of_data(data, {})


def test_napari_opens_and_saves_through_the_plugin(
    make_napari_viewer: Any, jpeg: Path, tmp_path: Path
) -> None:
    viewer = make_napari_viewer()
    (layer,) = viewer.open(str(jpeg), plugin="llflow-photo")
    assert layer.rgb and layer.contrast_limits == [0.0, 1.0]
    (saved,) = layer.save(str(tmp_path / "saved.tif"), plugin="llflow-photo")
    assert files.read(Path(saved)).bit_depth == 16
    (sample,) = viewer.open_sample("llflow-photo", "night_street")
    assert sample.name == "Night lamps"
