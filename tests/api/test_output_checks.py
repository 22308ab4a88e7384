"""`enhance_file` reports outputs that cannot be written before it renders, by the package's exceptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from llflow_photo import Options, api, enhance_file, errors

ENHANCER: Any = object()


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def rendered(*_: Any, **__: Any) -> None:
        pytest.fail("the photo was rendered")

    monkeypatch.setattr(api, "renderings", rendered)
    path = tmp_path / "night.png"
    Image.fromarray(np.full((24, 40, 3), 30, np.uint8)).save(path)
    return path


@pytest.mark.parametrize("length", [256, 300, 5000])
def test_names_that_are_too_long(photo: Path, length: int) -> None:
    with pytest.raises(errors.WriteError, match=r"name has .* bytes|cannot be accessed"):
        enhance_file(photo, photo.with_name("n" * (length - 4) + ".jpg"), enhancer=ENHANCER)


def test_names_that_are_too_long_with_the_number_of_a_sample(photo: Path) -> None:
    target = photo.with_name("é" * 124 + "n.jpg")  # 253 bytes, and 256 with "_s1"
    with pytest.raises(errors.WriteError, match="name has 256 bytes"):
        enhance_file(photo, target, Options(temperature=0.8, samples=2), enhancer=ENHANCER)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_as_the_output(photo: Path, force: bool) -> None:
    folder = photo.with_name("dir.jpg")
    folder.mkdir()
    with pytest.raises(errors.WriteError, match="it is a folder"):
        enhance_file(photo, folder, enhancer=ENHANCER, force=force)


def test_a_null_character(photo: Path) -> None:
    with pytest.raises(errors.WriteError, match="null character"):
        enhance_file(photo, photo.with_name("a\0b.jpg"), enhancer=ENHANCER)


@pytest.mark.parametrize("name", ["n" * 300 + ".png", "a\0b.png", "n" * 5000])
def test_photos_that_cannot_be_looked_up(photo: Path, name: str) -> None:
    with pytest.raises(errors.ReadError):
        enhance_file(photo.with_name(name), photo.with_name("out.jpg"), enhancer=ENHANCER)


def test_a_folder_with_a_name_that_is_too_long(photo: Path) -> None:
    target = photo.parent / ("n" * 300) / "out.jpg"
    with pytest.raises(errors.WriteError, match="cannot be accessed"):
        enhance_file(photo, target, enhancer=ENHANCER)
