"""Descriptions of another file's layout, by tifffile, ImageJ and OME programs, are not copied to results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from file_helpers import quadrants
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from llflow_photo import files
from llflow_photo.files.tiff.tags import Tag

VALUES = quadrants()
NOTE = "the image description was not kept"


def _description(path: Path) -> object:
    with Image.open(path) as image:
        return image.getexif().get(int(Tag.ImageDescription))


@pytest.mark.parametrize(
    ("values", "arguments"),
    [
        (VALUES, {"photometric": "rgb"}),
        (VALUES[..., 0], {}),
        (VALUES[..., 0], {"imagej": True}),
        (np.stack([VALUES[..., 0]] * 5), {"imagej": True}),
        (VALUES[..., 0], {"ome": True}),
        (VALUES, {"photometric": "rgb", "ome": True}),
    ],
)
def test_other_programs_read_the_pixels_of_results(
    values: np.ndarray, arguments: dict[str, Any], tmp_path: Path
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", values, **arguments)
    photo = files.read(tmp_path / "a.tif")
    assert any(NOTE in note for note in photo.notes)
    for suffix in ("tif", "jpg", "png"):
        files.write(photo, tmp_path / f"b.{suffix}")
        assert _description(tmp_path / f"b.{suffix}") is None
    written = tifffile.imread(tmp_path / "b.tif")
    np.testing.assert_array_equal(written, np.rint(photo.pixels * np.iinfo(written.dtype).max))


@pytest.mark.parametrize("text", ["ImageJ=1.53t\nimages=5", '{"shape": [24, 32]}', "<ome:OME UUID='1'/>"])
def test_texts_of_png_are_not_made_layouts(text: str, tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("Description", text)
    Image.fromarray(VALUES).save(tmp_path / "a.png", pnginfo=info)
    files.write(files.read(tmp_path / "a.png"), tmp_path / "b.tif")
    assert _description(tmp_path / "b.tif") is None


@pytest.mark.parametrize("text", ["Rome at night <3", "the shape of things", "made with ImageJ, {shape}"])
def test_descriptions_by_people_are_kept(text: str, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", VALUES, photometric="rgb", description=text, metadata=None)
    photo = files.read(tmp_path / "a.tif")
    assert not photo.notes
    files.write(photo, tmp_path / "b.tif")
    assert _description(tmp_path / "b.tif") == text
