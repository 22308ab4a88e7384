"""Files that something happened to: nothing but named errors comes out."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from file_helpers import packet_of, photo_of_scene, scene, write_scene_dng
from PIL import Image, features
from test_raw_containers import BUILDERS

from llflow_photo import files
from llflow_photo.color.profiles import profile_bytes
from llflow_photo.color.spaces import DISPLAY_P3
from llflow_photo.errors import ReadError
from llflow_photo.files import Encoding
from llflow_photo.files.raw.metadata import RawContainer

# Of each kind of file; more where time allows: LLFLOW_PHOTO_MUTATIONS=1000 pytest tests/files/test_fuzz.py
MUTATIONS = int(os.environ.get("LLFLOW_PHOTO_MUTATIONS", "100"))


def _cmyk_jpeg(path: Path) -> None:
    image = Image.fromarray((scene() * 255).astype(np.uint8)).convert("CMYK")
    image.save(path, "JPEG", icc_profile=profile_bytes(DISPLAY_P3))


def _lzw_tiff(path: Path) -> None:
    Image.fromarray((scene() * 255).astype(np.uint8)).save(path, "TIFF", compression="tiff_lzw")


def _jpeg_with_places(path: Path) -> None:
    """A small picture behind XMP that is read closely."""
    names = 'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
    names += 'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" tiff:Orientation="6" tiff:ImageWidth="9"'
    area = 'stArea:x="0.3" stArea:y="0.5" stArea:w="0.1" stArea:h="0.2"'
    body = f"<mwg-rs:Regions><mwg-rs:Area {area}/></mwg-rs:Regions>"
    Image.new("RGB", (8, 8)).save(path, "JPEG", xmp=packet_of(body, names), comment=b"hello")


def _palette_png(path: Path) -> None:
    Image.fromarray((scene() * 255).astype(np.uint8)).quantize(16).save(path, "PNG")


def _make(kind: str, folder: Path) -> Path:
    path = folder / f"original-{kind}"
    photo = photo_of_scene()
    encodings = {
        "jpeg": Encoding("jpeg"),
        "png8": Encoding("png", bit_depth=8),
        "png16": Encoding("png", color_space="display-p3"),
        "tiff16": Encoding("tiff", color_space="prophoto"),
        "tiff32": Encoding("tiff", bit_depth=32),
        "webp": Encoding("webp"),
        "avif": Encoding("avif"),
        "heic": Encoding("heic"),
        "jxl": Encoding("jxl"),
        "linear-dng": Encoding("dng"),
    }
    if kind in encodings:
        files.write(photo, path, encodings[kind])
    elif kind in ("dng", "dng-plain"):
        write_scene_dng(path, "ljpeg" if kind == "dng" else "none")
    else:
        makers = {"cmyk": _cmyk_jpeg, "lzw": _lzw_tiff, "palette": _palette_png, "xmp": _jpeg_with_places}
        makers[kind](path)
    return path


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """One accident: cut off, bits flipped, numbers overwritten, a piece missing, doubled, from elsewhere."""
    out = bytearray(data)
    kind = generator.integers(7)
    place = int(generator.integers(len(out)))
    # Headers matter most: half of the accidents happen in the first kilobyte.
    if generator.random() < 0.5:
        place = int(generator.integers(min(len(out), 1024)))
    length = int(generator.integers(1, 64))
    if kind == 0:
        return bytes(out[:place])
    if kind == 1:
        for position in generator.integers(0, len(out), 8):
            out[position] ^= 1 << int(generator.integers(8))
    elif kind == 2:
        numbers = (
            b"\xff\xff\xff\xff",
            b"\0\0\0\0",
            b"\x7f\xff\xff\xff",
            b"\xff\xff\xff\x7f",
            b"\0\0\xea\x60",
        )
        out[place : place + 4] = numbers[generator.integers(len(numbers))]
    elif kind == 3:
        del out[place : place + length]
    elif kind == 4:
        out[place:place] = out[place : place + length]
    elif kind == 5:
        out[place : place + length] = generator.bytes(length)
    else:
        other = int(generator.integers(len(out)))
        out[place : place + length] = out[other : other + length]
    return bytes(out)


KINDS = (
    "jpeg", "png8", "png16", "tiff16", "tiff32", "webp", "avif", "linear-dng", "dng", "dng-plain", "cmyk",
    "lzw", "palette", "heic", "jxl", "xmp",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_give_photos_or_named_errors(kind: str, tmp_path: Path) -> None:
    if kind == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    if kind in ("heic", "jxl"):
        pytest.importorskip({"heic": "pillow_heif", "jxl": "pillow_jxl"}[kind])
    original = _make(kind, tmp_path)
    assert files.read(original).pixels.shape[2] == 3
    data = original.read_bytes()
    generator = np.random.default_rng(KINDS.index(kind))
    refused = 0
    for number in range(MUTATIONS):
        path = tmp_path / f"mutated-{number}"
        path.write_bytes(mutate(data, generator))
        try:
            photo = files.read(path, max_pixels=20_000_000)
        except ReadError as error:
            refused += 1
            assert str(error)
        else:
            assert photo.pixels.dtype == np.float32 and np.isfinite(photo.pixels).all()
        path.unlink()
    # Truncations alone are a seventh of the accidents.
    assert refused >= MUTATIONS // 20


@pytest.mark.parametrize("kind", BUILDERS)
def test_mutated_containers_of_makers(kind: str, tmp_path: Path) -> None:
    """Metadata of RAW files: what cannot be read is left out."""
    camera = SimpleNamespace(extract_thumb=lambda: SimpleNamespace(data=None), lens=None)
    data, generator = BUILDERS[kind](), np.random.default_rng(4)
    path = tmp_path / "photo.raw"
    kept = 0
    for _ in range(3 * MUTATIONS):
        path.write_bytes(mutate(data, generator) or b"\0")
        kept += RawContainer.read(path, camera).model == "Night One"
    assert kept > MUTATIONS // 2


@pytest.mark.parametrize(("type_", "value"), [(16, (1 << 40,)), (17, (-(1 << 40),)), (13, (8,))])
def test_types_that_classic_tiff_cannot_write_back(type_: int, value: tuple[int], tmp_path: Path) -> None:
    """64-bit numbers and pointers in tags that are to be carried over."""
    path = tmp_path / "photo.tif"
    tifffile.imwrite(
        path, np.zeros((16, 16, 3), np.uint8), bigtiff=True, extratags=[(0x9C00, type_, 1, value[0], True)]
    )
    photo = files.read(path)
    files.write(photo, tmp_path / "out.tif")
    assert photo.pixels.shape == (16, 16, 3)


def test_random_bytes_after_every_magic_number(tmp_path: Path) -> None:
    generator = np.random.default_rng(7)
    heads = (
        b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0",
        b"RIFF\x40\0\0\0WEBPVP8 ", b"\0\0\0\x20ftypavif", b"\0\0\0\x20ftypheic", b"\0\0\0\x20ftypcrx ",
        b"FUJIFILMCCD-RAW ", b"\xff\x0a", b"BM", b"FOVb", b"IIRO\x08\0\0\0", b"IIU\0\x08\0\0\0",
    )  # fmt: skip
    for head in heads:
        for _ in range(5):
            path = tmp_path / "photo.jpg"
            path.write_bytes(head + generator.bytes(500))
            with pytest.raises(ReadError):
                files.read(path)


def test_huge_header_in_a_small_file_is_refused_at_once(tmp_path: Path) -> None:
    small = io.BytesIO()
    Image.new("RGB", (8, 8)).save(small, "PNG")
    data = bytearray(small.getvalue())
    data[16:24] = struct.pack(">II", 60_000, 40_000)
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path = tmp_path / "bomb.png"
    path.write_bytes(data)
    with pytest.raises(ReadError, match="60000 x 40000"):
        files.read(path)
    data[16:24] = struct.pack(">II", 60_000, 1_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(data)
    with pytest.raises(ReadError, match="decompression bomb"):
        files.read(path)
