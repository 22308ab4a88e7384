"""Colors that are clipped on writing are noted, if there are many and the loss is visible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from file_helpers import photo_of_scene

from llflow_photo import files
from llflow_photo.color.spaces import DISPLAY_P3, PROPHOTO, REC2020_LINEAR, SRGB, ColorSpace, convert
from llflow_photo.files import Encoding
from llflow_photo.photo import Photo

SAMPLES = Path(__file__).resolve().parents[2] / "sample_images"


def _photo(share: float, color: tuple[float, float, float], space: ColorSpace = DISPLAY_P3) -> Photo:
    """Gray, with rows of a color."""
    pixels = np.full((200, 30, 3), 0.4, np.float32)
    pixels[: round(200 * share)] = color
    return Photo(pixels, space)


def _noted(photo: Photo, path: Path, encoding: Encoding | None = None) -> list[str]:
    return [note for note in files.write(photo, path, encoding) if "clipped" in note]


def test_saturated_colors_are_noted(tmp_path: Path) -> None:
    photo = _photo(0.3, (1.0, 0.0, 0.0))
    for name in ("photo.png", "photo.jpg", "photo.tif", "photo.webp"):
        (note,) = _noted(photo, tmp_path / name)
        assert note.startswith("30 % of the pixels have colors outside srgb")
        assert "color_space display-p3" in note and "--color-space" in note


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("photo.png", Encoding(color_space="display-p3")),
        ("photo.tif", Encoding(color_space="prophoto")),
        ("photo.tif", Encoding(bit_depth=32)),
        ("photo.dng", None),
    ],
)
def test_what_is_kept_is_not_noted(name: str, encoding: Encoding | None, tmp_path: Path) -> None:
    assert _noted(_photo(0.3, (1.0, 0.0, 0.0)), tmp_path / name, encoding) == []


def test_the_note_names_a_space_that_is_wide_enough(tmp_path: Path) -> None:
    photo = _photo(0.3, (0.0, 1.0, 0.0), PROPHOTO)
    for encoding in (Encoding(), Encoding(color_space="display-p3")):
        (note,) = _noted(photo, tmp_path / "photo.png", encoding)
        assert "color_space prophoto" in note and f"outside {encoding.color_space}" in note


@pytest.mark.parametrize(
    ("share", "color"),
    [
        (0.005, (1.0, 0.0, 0.0)),  # few pixels
        (0.5, (0.5, 0.29, 0.28)),  # inside
        (0.5, (0.08, 0.0, 0.0)),  # too dark to be seen
        (0.5, (4.0, 4.0, 4.0)),  # highlights
    ],
)
def test_ordinary_photos_are_not_noted(
    share: float, color: tuple[float, float, float], tmp_path: Path
) -> None:
    assert _noted(_photo(share, color), tmp_path / "photo.png") == []


def test_srgb_is_not_noted(tmp_path: Path) -> None:
    photo = photo_of_scene()
    assert photo.color_space == SRGB and _noted(photo, tmp_path / "photo.png") == []
    wide = Photo(convert(photo.pixels, SRGB, REC2020_LINEAR), REC2020_LINEAR)
    assert _noted(wide, tmp_path / "photo.png") == []


@pytest.mark.parametrize("name", ["valley-moonlight.dng", "wine-room.dng"])
def test_sample_images_are_not_noted(name: str, tmp_path: Path) -> None:
    assert _noted(files.read(SAMPLES / name, half_size=True), tmp_path / "photo.jpg") == []


def test_jpeg_xl_has_no_other_space(tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl")
    photo = _photo(0.3, (1.0, 0.0, 0.0))
    (note,) = _noted(photo, tmp_path / "photo.jxl", Encoding(color_space="display-p3"))
    assert "outside srgb" in note and "another format" in note
