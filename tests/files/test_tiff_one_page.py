"""Orientation of TIFF pages that Pillow decodes: applied once, whether EXIF or XMP declares it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import tifffile
from file_helpers import packet_of, quadrants
from PIL import Image

from llflow_photo import files
from llflow_photo.files.metadata.orientation import upright

VALUES = quadrants(48, 64)
KINDS = ["jpeg", "cmyk", "group4", "big jpeg", "big-endian jpeg"]


def _tags(orientation: int | None, in_xmp: int | None) -> list[tuple[int, int, int, object]]:
    packet = packet_of(attributes=f'tiff:Orientation="{in_xmp}"')
    tags: list[tuple[int, int, int, object]] = [(700, 1, len(packet), packet)] if in_xmp else []
    return [*tags, (274, 3, 1, orientation)] if orientation else tags


def _written(path: Path, kind: str, orientation: int | None, in_xmp: int | None) -> np.ndarray:
    """Write a page; return its stored pixels, 8 bits."""
    tags = _tags(orientation, in_xmp)
    if "jpeg" in kind:
        pytest.importorskip("imagecodecs")  # tifffile compresses JPEG with it
        order: Literal["<", ">"] = ">" if "endian" in kind else "<"
        with tifffile.TiffWriter(path, bigtiff="big " in kind, byteorder=order) as writer:
            extra = [(*tag, True) for tag in tags]
            writer.write(VALUES, compression="jpeg", photometric="rgb", extratags=extra, metadata=None)
        return VALUES
    image = Image.fromarray(VALUES).convert("CMYK" if kind == "cmyk" else "1")
    compression = "tiff_lzw" if kind == "cmyk" else "group4"
    image.save(path, compression=compression, tiffinfo={code: value for code, _, _, value in tags})
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("orientation", "in_xmp", "wanted"), [(None, 6, 6), (6, None, 6), (None, 5, 5), (8, 8, 8), (1, 6, None)]
)
def test_the_orientation_is_applied_once(
    kind: str, orientation: int | None, in_xmp: int | None, wanted: int | None, tmp_path: Path
) -> None:
    stored = _written(tmp_path / "a.tif", kind, orientation, in_xmp)
    photo = files.read(tmp_path / "a.tif")
    if wanted is None:  # as without compression
        with tifffile.TiffWriter(tmp_path / "b.tif") as writer:
            tags = [(*tag, True) for tag in _tags(orientation, in_xmp)]
            writer.write(stored, photometric="rgb", extratags=tags, metadata=None)
        expected = files.read(tmp_path / "b.tif").pixels
    else:
        expected = upright(stored, wanted).astype(np.float32) / 255
    assert photo.pixels.shape == expected.shape
    assert np.abs(photo.pixels - expected).mean() < 0.02
