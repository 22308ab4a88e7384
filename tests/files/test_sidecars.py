"""Which sidecar is whose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from file_helpers import XMP, write_scene_dng
from PIL import Image

from llflow_photo import files
from llflow_photo.files.metadata.sidecars import sidecars_of


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A RAW file and a JPEG of one name."""
    write_scene_dng(tmp_path / "IMG.dng")
    Image.fromarray(np.full((24, 32, 3), 20, np.uint8)).save(tmp_path / "IMG.jpg")
    return tmp_path


def _rated(rating: int, more: str = "") -> bytes:
    return XMP.replace(b'xmp:Rating="4"', f'xmp:Rating="{rating}" {more}'.encode())


def _rating(path: Path) -> str:
    packet = files.read(path).metadata.xmp or b""
    return packet.split(b'Rating="')[1][:1].decode() if b"Rating" in packet else ""


def test_the_sidecar_of_the_raw_is_not_the_jpegs(pair: Path) -> None:
    (pair / "IMG.xmp").write_bytes(_rated(1))
    assert (_rating(pair / "IMG.dng"), _rating(pair / "IMG.jpg")) == ("1", "")
    (pair / "IMG.jpg.xmp").write_bytes(_rated(5))
    assert (_rating(pair / "IMG.dng"), _rating(pair / "IMG.jpg")) == ("1", "5")


@pytest.mark.parametrize("suffix", [".NEF", ".nef", ".Nef", ".CR3"])
def test_raw_files_are_seen_however_their_suffix_is_spelled(pair: Path, suffix: str) -> None:
    (pair / "IMG.dng").rename(pair / f"IMG{suffix}")
    (pair / "IMG.xmp").write_bytes(_rated(1))
    assert _rating(pair / "IMG.jpg") == ""


def test_the_sidecar_that_names_the_extension_goes_first_and_the_other_adds_to_it(pair: Path) -> None:
    (pair / "IMG.xmp").write_bytes(_rated(1, 'xmp:Label="red"'))
    (pair / "IMG.dng.xmp").write_bytes(_rated(3))
    assert _rating(pair / "IMG.dng") == "3"
    assert b'Label="red"' in (files.read(pair / "IMG.dng").metadata.xmp or b"")


def test_extension_declared_in_lightroom_sidecars(pair: Path) -> None:
    photoshop = 'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:SidecarForExtension='
    (pair / "IMG.dng").rename(pair / "elsewhere")
    (pair / "IMG.xmp").write_bytes(_rated(1, f'{photoshop}"DNG"'))
    assert _rating(pair / "IMG.jpg") == ""
    (pair / "IMG.xmp").write_bytes(_rated(2, f'{photoshop}"JPG"'))
    assert _rating(pair / "IMG.jpg") == "2"
    assert b"SidecarForExtension" not in (files.read(pair / "IMG.jpg").metadata.xmp or b"")


def test_endings_in_capitals_are_found_once(pair: Path) -> None:
    (pair / "IMG.DNG").write_bytes((pair / "IMG.dng").read_bytes())
    (pair / "IMG.jpg.XMP").write_bytes(_rated(2))
    (pair / "IMG.XMP").write_bytes(_rated(1))
    assert sidecars_of(pair / "IMG.jpg") == (pair / "IMG.jpg.XMP",)
    assert sidecars_of(pair / "IMG.DNG") == (pair / "IMG.XMP",)
