"""Developed TIFF files are read whatever their name says; RAW files are never replaced by their previews."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from file_helpers import quadrants, write_scene_dng

from llflow_photo import files
from llflow_photo.errors import ReadError

VALUES = quadrants(48, 64, white=60_000, dtype="uint16")
DNG_FIELDS = [(50706, 1, 4, b"\1\4\0\0", True), (50708, 2, 0, "Night One", True)]


def _write(path: Path, values: np.ndarray, **arguments: Any) -> Path:
    kind = "rgb" if values.ndim == 3 else "minisblack"
    tifffile.imwrite(path, values, photometric=kind, metadata=None, **arguments)
    return path


@pytest.mark.parametrize("name", ["a.raw", "a.dng", "a.NEF", "a.arw", "a.tif"])
@pytest.mark.parametrize("fields", [[], DNG_FIELDS], ids=["plain", "DNGVersion"])
@pytest.mark.parametrize("values", [VALUES, VALUES[..., 0], (VALUES // 256).astype(np.uint8)])
def test_the_pixels_of_a_tiff_are_read(
    name: str, fields: list[Any], values: np.ndarray, tmp_path: Path
) -> None:
    photo = files.read(_write(tmp_path / name, values, extratags=fields, compression="zlib"))
    expected = values if values.ndim == 3 else values[..., None].repeat(3, axis=2)
    np.testing.assert_allclose(photo.pixels, expected / np.iinfo(values.dtype).max, atol=1e-6)
    noted = any("not a RAW file" in note for note in photo.notes)
    assert noted == (name != "a.tif" or bool(fields))


def test_a_preview_is_no_photo(tmp_path: Path) -> None:
    """A RAW file unknown to LibRaw, whose sensor data is outside the directories."""
    path = _write(tmp_path / "a.dng", VALUES)
    with path.open("ab") as file:
        file.write(np.random.default_rng(0).bytes(1 << 18))
    with pytest.raises(ReadError, match="RAW file"):
        files.read(path)
    path = _write(tmp_path / "b.nef", VALUES, subfiletype=1)
    with pytest.raises(ReadError, match="RAW file"):
        files.read(path)


def test_a_damaged_dng_is_refused(tmp_path: Path) -> None:
    path = write_scene_dng(tmp_path / "a.dng")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ReadError):
        files.read(path)
