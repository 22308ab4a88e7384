"""Metadata that programs lose silently: kept in every format that has a place for it, or named in a note."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from file_helpers import IPTC, XMP, photo_of_scene, png_chunk, png_of, quadrants
from PIL import Image, features

from llflow_photo import files
from llflow_photo.files.metadata.exif_resolution import resolution_of
from llflow_photo.files.tiff.directory import SHORT, UNDEFINED, Entry, exif_block
from llflow_photo.files.tiff.parse import parse_tiff, text_of
from llflow_photo.photo import Metadata, Photo

FORMATS = ["jpg", "png", "tif", "dng", "webp", "avif", "heic", "jxl"]
NAME = "夜の写真 © Jörg"


def _usable(suffix: str) -> str:
    needed = {"heic": "pillow_heif", "jxl": "pillow_jxl"}.get(suffix)
    if needed:
        pytest.importorskip(needed)
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    return suffix


def _exiftool(path: Path, *tags: str) -> str:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    command = ["exiftool", "-s3", "-m", *tags, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _with_exif(block: bytes) -> Photo:
    return replace(photo_of_scene(), bit_depth=8, metadata=Metadata(exif=block))


def _page(photo: Photo) -> dict[int, Entry]:
    return parse_tiff(photo.metadata.exif or b"")[0]


@pytest.mark.parametrize("suffix", FORMATS)
def test_text_beyond_ascii(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{_usable(suffix)}"
    block = exif_block({0x010E: Entry.text(NAME), 0x0112: Entry.numbers(SHORT, 1), 0x013B: Entry.text("Zoë")})
    assert not files.write(_with_exif(block), path)
    assert text_of(_page(files.read(path)), 0x010E) == NAME
    assert _exiftool(path, "-ImageDescription", "-Artist").splitlines() == [NAME, "Zoë"]


def _block_of_type_129() -> bytes:
    """Big-endian EXIF 3.0: description and artist as UTF-8."""
    texts = [(code, text.encode() + b"\0") for code, text in ((0x010E, NAME), (0x013B, "Zoë"))]
    table, data, place = b"", b"", 8 + 2 + 12 * len(texts) + 4
    for code, text in texts:
        table += struct.pack(">HHII", code, 129, len(text), place + len(data))
        data += text + b"\0" * (len(text) % 2)
    return b"MM\0*\0\0\0\x08" + struct.pack(">H", len(texts)) + table + b"\0\0\0\0" + data


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "avif"])
def test_utf8_fields_of_exif_3(suffix: str, tmp_path: Path) -> None:
    source, path = tmp_path / "in.jpg", tmp_path / f"out.{_usable(suffix)}"
    Image.fromarray(quadrants()).save(source, exif=b"Exif\0\0" + _block_of_type_129())
    photo = files.read(source)
    assert (text_of(_page(photo), 0x010E), text_of(_page(photo), 0x013B)) == (NAME, "Zoë")
    files.write(photo, path)
    assert _exiftool(path, "-ImageDescription", "-Artist").splitlines() == [NAME, "Zoë"]


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_long_descriptions(suffix: str, tmp_path: Path) -> None:
    source, path = tmp_path / "in.jpg", tmp_path / f"out.{suffix}"
    block = exif_block({0x010E: Entry.text("x" * 60_000), 0x013B: Entry.text("Zoe")})
    Image.fromarray(quadrants()).save(source, exif=b"Exif\0\0" + block)
    photo = files.read(source)
    assert not files.write(photo, path)
    assert text_of(_page(files.read(path)), 0x010E) == "x" * 60_000


def test_prefixes_of_exif_where_they_do_not_belong(tmp_path: Path) -> None:
    block = exif_block({0x0112: Entry.numbers(SHORT, 6), 0x013B: Entry.text("Zoe")})
    path = tmp_path / "photo.png"
    for prefix in (b"", b"Exif\0\0", b"Exif\0\0Exif\0\0"):
        path.write_bytes(png_of(quadrants(), after=png_chunk(b"eXIf", prefix + block)))
        photo = files.read(path)
        assert (photo.width, photo.height) == (24, 32) and not photo.notes
        assert text_of(_page(photo), 0x013B) == "Zoe"


def test_a_broken_exif_segment_before_the_good_one(tmp_path: Path) -> None:
    block = exif_block({0x0112: Entry.numbers(SHORT, 6), 0x013B: Entry.text("Zoe")})
    path = tmp_path / "photo.jpg"
    Image.fromarray(quadrants()).save(path, exif=b"Exif\0\0" + block)
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", 28) + b"Exif\0\0" + bytes(20) + data[2:])
    photo = files.read(path)
    assert (photo.width, photo.height) == (24, 32) and not photo.notes
    assert text_of(_page(photo), 0x013B) == "Zoe"


def test_what_is_too_long_for_jpeg_alone_is_left_out(tmp_path: Path) -> None:
    block = exif_block({0x010E: Entry.text("x" * 70_000), 0x013B: Entry.text("Zoe")})
    notes = files.write(_with_exif(block), tmp_path / "photo.jpg")
    assert notes == ("EXIF tag 0x010E is too large for JPEG and was not kept",)
    page = _page(files.read(tmp_path / "photo.jpg"))
    assert text_of(page, 0x013B) == "Zoe" and 0x010E not in page
    assert not files.write(_with_exif(block), tmp_path / "photo.png")
    assert len(text_of(_page(files.read(tmp_path / "photo.png")), 0x010E)) == 70_000


@pytest.mark.parametrize("suffix", FORMATS)
def test_resolution(suffix: str, tmp_path: Path) -> None:
    source, path = tmp_path / "in.jpg", tmp_path / f"out.{_usable(suffix)}"
    Image.fromarray(quadrants()).save(source, dpi=(240, 300))
    files.write(files.read(source), path)
    assert resolution_of(files.read(path).metadata.exif) == pytest.approx((240, 300), abs=0.1)
    if suffix in ("jpg", "png", "tif"):
        with Image.open(path) as image:
            assert image.info["dpi"] == pytest.approx((240, 300), abs=0.1)


def test_resolution_turns_with_the_picture(tmp_path: Path) -> None:
    block = exif_block(
        {0x0112: Entry.numbers(SHORT, 6), 0x011A: Entry.rationals([240]), 0x011B: Entry.rationals([300])}
    )
    Image.fromarray(quadrants()).save(tmp_path / "in.jpg", exif=b"Exif\0\0" + block)
    assert resolution_of(files.read(tmp_path / "in.jpg").metadata.exif) == (300, 240)


@pytest.mark.parametrize(("target", "kept"), [("png", True), ("jpg", False)])
def test_texts_of_png(target: str, kept: bool, tmp_path: Path) -> None:
    source, path = tmp_path / "in.png", tmp_path / f"out.{target}"
    before = png_chunk(b"tEXt", b"Description\0night at sea") + png_chunk(b"tEXt", b"Author\0Zo\xeb")
    after = png_chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress("夜, seed 3".encode()))
    after += png_chunk(b"tEXt", b"date:create\x002024-05-06T23:45:00")
    after += png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a comment"))
    source.write_bytes(png_of(quadrants(), before=before, after=after))
    photo = files.read(source)
    expected = {
        "Description": "night at sea",
        "Author": "Zoë",
        "parameters": "夜, seed 3",
        "Comment": "a comment",
    }
    assert dict(photo.metadata.texts) == expected and not photo.notes
    assert text_of(_page(photo), 0x010E) == "night at sea" and text_of(_page(photo), 0x013B) == "Zoë"
    notes = files.write(photo, path)
    if kept:
        assert not notes
        with Image.open(path) as image:
            image.load()
            assert expected.items() <= image.text.items()  # type: ignore[attr-defined]
    else:
        assert notes == ("jpeg cannot store texts named 'parameters'; they were not kept",)
        with Image.open(path) as image:
            assert image.info["comment"] == b"a comment"


def test_comment_of_a_jpeg(tmp_path: Path) -> None:
    Image.fromarray(quadrants()).save(tmp_path / "in.jpg", comment="où".encode())
    photo = files.read(tmp_path / "in.jpg")
    assert photo.metadata.texts == (("Comment", "où"),)
    assert not files.write(photo, tmp_path / "out.png") and not files.write(photo, tmp_path / "out.jpg")
    for suffix in ("jpg", "png"):
        assert files.read(tmp_path / f"out.{suffix}").metadata.texts == (("Comment", "où"),)
    assert any("'Comment'" in note for note in files.write(photo, tmp_path / "out.tif"))


def _raw_profile(kind: str, block: bytes) -> bytes:
    text = f"\n{kind}\n{len(block):8d}\n" + "\n".join(
        block.hex()[start : start + 72] for start in range(0, 2 * len(block), 72)
    )
    return png_chunk(b"zTXt", f"Raw profile type {kind}".encode() + b"\0\0" + zlib.compress(text.encode()))


EXIF_IN_PROFILE = b"Exif\0\0" + exif_block({0x013B: Entry.text("Zoe")})
RESOURCES = b"8BIM\x03\xed\0\0" + struct.pack(">I", 3) + b"abc\0" + b"8BIM\x04\x04\0\0"
RESOURCES += struct.pack(">I", len(IPTC)) + IPTC


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "block", "attribute", "expected"),
    [
        ("exif", EXIF_IN_PROFILE, "exif", b"Zoe"),
        ("APP1", EXIF_IN_PROFILE, "exif", b"Zoe"),
        ("xmp", XMP, "xmp", b'Rating="4"'),
        ("APP1", b"http://ns.adobe.com/xap/1.0/\0" + XMP, "xmp", b'Rating="4"'),
        ("iptc", RESOURCES, "iptc", b"night"),
        ("8bim", RESOURCES, "iptc", b"night"),
        ("iptc", IPTC, "iptc", b"night"),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_raw_profiles_of_imagemagick(
    kind: str, block: bytes, attribute: str, expected: bytes, place: str, dtype: str, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png_of(quadrants(dtype=dtype), **{place: _raw_profile(kind, block)}))
    photo = files.read(path)
    assert expected in getattr(photo.metadata, attribute) and not photo.metadata.texts


def _ordered_block(order: str, text: bytes) -> bytes:
    """EXIF with a UserComment in the byte order given."""
    comment = b"UNICODE\0" + text
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    image = struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
    exif = struct.pack(order + "HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
    return head + image + exif + comment


@pytest.mark.parametrize("text", ["Night walk – Zoë", "夜の写真を撮る", "x"])
@pytest.mark.parametrize(
    ("order", "coded"), [("<", "utf-16-le"), (">", "utf-16-be"), (">", "utf-16-le"), ("<", "utf-16-be")]
)
def test_unicode_comments(order: str, coded: str, text: str, tmp_path: Path) -> None:
    if text == "x" and (order == "<") != (coded == "utf-16-le"):
        pytest.skip("one character does not tell its byte order")
    source, path = tmp_path / "in.jpg", tmp_path / "out.jpg"
    Image.fromarray(quadrants()).save(source, exif=b"Exif\0\0" + _ordered_block(order, text.encode(coded)))
    files.write(files.read(source), path)
    exif = _page(files.read(path))[0x8769].value[0]
    assert exif[0x9286] == Entry(UNDEFINED, b"UNICODE\0" + text.encode("utf-16-le"))
    assert _exiftool(path, "-UserComment") == text


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [(1, (8, 6, 4, 2)), (3, (24, 18, 4, 2)), (6, (18, 8, 2, 4)), (7, (18, 24, 2, 4))],
)
def test_subject_area_turns_with_the_picture(
    orientation: int, expected: tuple[int, ...], tmp_path: Path
) -> None:
    exif = {0x9214: Entry.numbers(SHORT, 8, 6, 4, 2), 0xA214: Entry.numbers(SHORT, 8, 6)}
    block = exif_block({0x0112: Entry.numbers(SHORT, orientation), 0x8769: Entry.directories(exif)})
    Image.fromarray(quadrants(24, 32)).save(tmp_path / "in.jpg", exif=b"Exif\0\0" + block)
    turned = _page(files.read(tmp_path / "in.jpg"))[0x8769].value[0]
    assert turned[0x9214].value == expected and turned[0xA214].value == expected[:2]


def test_pixels_are_the_same_whatever_is_kept(tmp_path: Path) -> None:
    values = quadrants()
    (tmp_path / "photo.png").write_bytes(png_of(values, after=_raw_profile("xmp", XMP)))
    np.testing.assert_array_equal(np.rint(files.read(tmp_path / "photo.png").pixels * 255), values)
