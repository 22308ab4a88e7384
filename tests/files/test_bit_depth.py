"""HEIC, AVIF and JPEG XL of more than 8 bits keep them, or a note says that they do not."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from file_helpers import photo_of_scene

from llflow_photo import files
from llflow_photo.color.spaces import DISPLAY_P3, SRGB, convert
from llflow_photo.errors import OptionError
from llflow_photo.files import Encoding
from llflow_photo.files.pillow import modern_read
from llflow_photo.photo import Metadata

RAMP = np.linspace(0, 3000, 512).astype(np.uint16)[None, :, None].repeat(64, 0).repeat(3, 2)


def _levels(path: Path) -> int:
    return len(np.unique(files.read(path).pixels[..., 1]))


@pytest.mark.parametrize(("bits", "levels"), [(10, 40), (12, 150)])
def test_heic(bits: int, levels: int, tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    before = heif.options.SAVE_HDR_TO_12_BIT
    heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    try:
        heif.from_bytes("RGB;16", (512, 64), RAMP.tobytes()).save(path, quality=-1)
    finally:
        heif.options.SAVE_HDR_TO_12_BIT = before
    photo = files.read(path)
    assert photo.bit_depth == bits and _levels(path) > levels
    assert photo.pixels.max() == pytest.approx(3000 / 65535, abs=2 / 2**bits)


@pytest.mark.parametrize(("source", "asked", "bits"), [(16, None, 10), (8, None, 8), (16, 8, 8), (8, 10, 10)])
def test_heic_written(source: int, asked: int | None, bits: int, tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    ramp = np.repeat(np.linspace(0.2, 0.3, 512, dtype=np.float32)[None, :, None], 3, axis=2).repeat(
        16, axis=0
    )
    photo = replace(photo_of_scene(), pixels=ramp, bit_depth=source)
    path = tmp_path / "photo.heic"
    encoding = Encoding(bit_depth=asked, quality=100, color_space="display-p3")
    files.write(photo, path, encoding)
    again = files.read(path)
    assert again.bit_depth == bits
    assert (len(np.unique(again.pixels[..., 0])) > 60) == (bits == 10)  # 0.1 of 1023 steps, or of 255
    assert again.color_space == DISPLAY_P3
    np.testing.assert_allclose(again.pixels, convert(ramp, SRGB, DISPLAY_P3), atol=1.5 / (2**bits - 1))
    assert b"Rating" in (again.metadata.xmp or b"") and b"Night One" in (again.metadata.exif or b"")
    if bits == 10 and shutil.which("exiftool"):
        out = subprocess.run(
            ["exiftool", "-s3", "-Model", "-Rating", str(path)], check=True, capture_output=True, text=True
        )
        assert out.stdout.split("\n")[:2] == ["Night One", "4"]


@pytest.mark.parametrize("suffix", ["avif", "jxl"])
def test_formats_that_are_written_with_8_bits_say_so(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl" if suffix == "jxl" else "PIL._avif")
    bare = replace(photo_of_scene(), metadata=Metadata())
    notes = files.write(bare, tmp_path / f"photo.{suffix}")
    assert notes == (f"{suffix} was written with 8 bits per channel; PNG and TIFF keep 16, HEIC 10",)
    assert files.write(replace(bare, bit_depth=8), tmp_path / f"photo.{suffix}") == ()
    with pytest.raises(OptionError, match="cannot be written with 16 bits; give 8"):
        files.write(bare, tmp_path / f"photo.{suffix}", Encoding(bit_depth=16))


def test_gray_heic(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    ramp = np.linspace(0, 65535, 512).astype(np.uint16)[None].repeat(64, 0)
    heif.from_bytes("I;16", (512, 64), ramp.tobytes()).save(path, quality=-1)
    photo = files.read(path)
    assert photo.bit_depth == 10 and _levels(path) > 500
    np.testing.assert_allclose(photo.pixels[..., 0], ramp / 65535, atol=2 / 1023)


@pytest.mark.parametrize(("bits", "levels"), [(10, 40), (12, 150)])
def test_avif(bits: int, levels: int, tmp_path: Path) -> None:
    codecs = pytest.importorskip("imagecodecs")
    path = tmp_path / "photo.avif"
    path.write_bytes(codecs.avif_encode(RAMP >> (16 - bits), level=100, bitspersample=bits))
    photo = files.read(path)
    assert photo.bit_depth == bits and _levels(path) > levels
    assert photo.pixels.max() == pytest.approx(3000 / 65535, abs=4 / 2**bits)


@pytest.mark.parametrize("bits", [10, 16])
def test_jpeg_xl(bits: int, tmp_path: Path) -> None:
    codecs = pytest.importorskip("imagecodecs")
    pytest.importorskip("pillow_jxl")
    path = tmp_path / "photo.jxl"
    values = RAMP >> (16 - bits)
    path.write_bytes(codecs.jpegxl_encode(values, lossless=True, bitspersample=bits))
    photo = files.read(path)
    assert photo.bit_depth == bits
    np.testing.assert_allclose(photo.pixels, values / (2**bits - 1), atol=1e-5)


def test_without_the_decoder_a_note_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codecs = pytest.importorskip("imagecodecs")
    path = tmp_path / "photo.avif"
    path.write_bytes(codecs.avif_encode(RAMP >> 6, level=100, bitspersample=10))
    monkeypatch.setattr(modern_read, "deep_codecs", lambda: None)
    photo = files.read(path)
    assert photo.bit_depth == 8
    assert any("10 bits" in note and "imagecodecs" in note for note in photo.notes)
