"""Intact files that cannot be read are named by what they are made with; files with holes are refused."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from file_helpers import png_chunk, png_of, quadrants
from PIL import Image, features

from llflow_photo import files
from llflow_photo.errors import FormatError, ReadError

NOISE = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)


def _jpeg() -> bytes:
    out = io.BytesIO()
    Image.fromarray(quadrants()).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("marker", "precision", "name"),
    [(0xC3, 8, "lossless JPEG"), (0xC1, 12, "12 bits"), (0xF7, 8, "JPEG-LS"), (0xC7, 16, "lossless")],
)
def test_kinds_of_jpeg(marker: int, precision: int, name: str, tmp_path: Path) -> None:
    data = bytearray(_jpeg())
    place = data.index(b"\xff\xc0")
    data[place + 1], data[place + 4] = marker, precision
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=name) as caught:
        files.read(path)
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"GIF89a", "GIF, which"), (b"8BPS\0\1", "PSD"), (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"v/1\x01\2\0\0\0", "OpenEXR"), (b"P6\n8 8\n255\n", "PNM"), (b"II\xbc\1\x20\0\0\0", "JPEG XR"),
        (b"\0\0\0\x18ftypmp42", "a video, which cannot be read; give a photo"),
        (b"<!DOCTYPE html><html>", "a web page, which cannot be read; download the photo itself"),
        (b"version https://git-lfs.github.com", "git lfs pull"),
        (bytes(64), "zeros only: its content is lost; copy it again"),
        (b"hello", "not in a supported image format"),
    ],
)  # fmt: skip
def test_other_kinds_of_files_are_named(head: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(head + bytes(200))
    with pytest.raises(FormatError, match=kind) as caught:
        files.read(path)
    assert "damaged" not in str(caught.value)


def test_png_of_apple(tmp_path: Path) -> None:
    """Its pixels are deflated without zlib's head, blue first."""
    data = png_of(quadrants())
    head, start = data[8:33], data.index(b"IDAT")
    (size,) = struct.unpack_from(">I", data, start - 4)
    pixels = png_chunk(b"IDAT", data[start + 6 : start + size])
    path = tmp_path / "photo.png"
    path.write_bytes(data[:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + head + pixels + png_chunk(b"IEND", b""))
    with pytest.raises(FormatError, match="CgBI"):
        files.read(path)


def test_codecs_of_heif(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    heif.from_pillow(Image.fromarray(NOISE)).save(path)
    path.write_bytes(path.read_bytes().replace(b"hvc1", b"vvc1"))
    with pytest.raises(FormatError, match="VVC"):
        files.read(path)


@pytest.mark.parametrize("suffix", ["webp", "avif", "heic"])
@pytest.mark.parametrize("lossless", [False, True])
def test_a_half_that_was_never_transferred(suffix: str, lossless: bool, tmp_path: Path) -> None:
    """Decoders fill the hole with anything and say nothing."""
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / f"photo.{suffix}"
    if suffix == "heic":
        heif = pytest.importorskip("pillow_heif")
        heif.from_pillow(Image.fromarray(NOISE)).save(path, quality=-1 if lossless else 80)
    else:
        Image.fromarray(NOISE).save(path, quality=100 if lossless else 80, lossless=lossless)
    whole = path.read_bytes()
    assert files.read(path).notes == ()
    path.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    with pytest.raises(ReadError, match="damaged"):
        files.read(path)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(512) + whole[middle + 512 :])
    with pytest.raises(ReadError, match="damaged"):
        files.read(path)


def test_pixels_of_a_png_are_compared_with_their_checksums(tmp_path: Path) -> None:
    """Decoders stop where the last row is, and take what they get."""
    path = tmp_path / "photo.png"
    Image.fromarray(NOISE).save(path)
    whole = path.read_bytes()
    assert files.read(path).notes == ()
    path.write_bytes(whole[:-4096] + bytes(4096))
    with pytest.raises(ReadError, match="a part of its image is missing"):
        files.read(path)
    rows = png_of(NOISE)
    place = rows.index(b"IDAT") + 4
    (size,) = struct.unpack_from(">I", rows, place - 8)
    path.write_bytes(rows[: place + size] + b"\0\0\0\0" + rows[place + size + 4 :])
    assert files.read(path).notes == (
        "the file may be damaged, a part of the image may be wrong: a checksum of its pixels does not match",
    )


@pytest.mark.parametrize(("suffix", "end"), [("tif", "lowest"), ("bmp", "uppermost")])
def test_an_uncompressed_picture_that_ends_in_zeros_is_noted(suffix: str, end: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    for first, noted in ((120, f"the {end} 120 of 240 rows"), (220, ""), (0, "all pixels of the file are 0")):
        values = NOISE.copy()
        values[first:] = 0
        Image.fromarray(values if end == "lowest" else values[::-1]).save(path)
        notes = files.read(path).notes
        assert noted in "".join(notes) and len(notes) == bool(noted)
    values = np.zeros_like(NOISE)
    values[60:180] = NOISE[60:180]  # bars above and below
    Image.fromarray(values).save(path)
    assert files.read(path).notes == ()


@pytest.mark.parametrize("suffix", ["webp", "avif", "heic"])
def test_black_is_not_a_gap(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    black = Image.new("RGB", (1600, 1200))
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    if suffix == "heic":
        pytest.importorskip("pillow_heif").from_pillow(black).save(path)
    else:
        black.save(path, quality=100, **({"lossless": True} if suffix == "webp" else {}))
    assert files.read(path).pixels.max() < 0.01


def test_no_object_of_python_in_messages(tmp_path: Path) -> None:
    path = tmp_path / "photo.avif"
    path.write_bytes(struct.pack(">I", 28) + b"ftypavif\0\0\0\0avifmif1miaf" + bytes(100))
    with pytest.raises(ReadError) as caught:
        files.read(path)
    assert "<" not in str(caught.value)
