"""HEIC and JPEG XL, where their plugins for Pillow are installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llflow_photo import files
from llflow_photo.color.spaces import SRGB, by_name, convert
from llflow_photo.files import Encoding
from llflow_photo.photo import Photo


@pytest.mark.parametrize("space", ["srgb", "display-p3"])
@pytest.mark.parametrize(("suffix", "module"), [("heic", "pillow_heif"), ("jxl", "pillow_jxl")])
def test_round_trip(suffix: str, module: str, space: str, photo: Photo, tmp_path: Path) -> None:
    pytest.importorskip(module)
    path = tmp_path / f"photo.{suffix}"
    notes = files.write(photo, path, Encoding(color_space=space))
    back = files.read(path)
    kept = by_name(space) if suffix == "heic" else SRGB
    assert back.color_space == kept
    assert np.abs(convert(back.pixels, kept, photo.color_space) - photo.pixels).mean() < 0.01
    assert back.metadata.exif is not None and b"Rating" in (back.metadata.xmp or b"")
    assert any("IPTC" in note for note in notes)
    assert any("JPEG XL was written in sRGB" in note for note in notes) == (
        suffix == "jxl" and space != "srgb"
    )
