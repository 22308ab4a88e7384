"""A JPEG is whole, or said not to be: libjpeg fills what is missing with gray and tells only its log."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo import files
from llflow_photo.errors import ReadError
from llflow_photo.files.pillow.jpeg_stream import has_every_scan, scan_jpeg
from llflow_photo.photo import Photo

NOISE = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)


def _jpeg(progressive: bool, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(NOISE).save(out, "JPEG", quality=85, progressive=progressive, **options)
    return out.getvalue()


@pytest.fixture(params=[False, True], ids=["baseline", "progressive"])
def jpeg(request: pytest.FixtureRequest) -> bytes:
    return _jpeg(request.param)


def _read(data: bytes, tmp_path: Path) -> Photo:
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    return files.read(path)


def test_a_whole_one_has_no_notes(jpeg: bytes, tmp_path: Path) -> None:
    assert _read(jpeg, tmp_path).notes == ()
    assert _read(jpeg + bytes(5000), tmp_path).notes == ()


def test_without_end_marker(jpeg: bytes, tmp_path: Path) -> None:
    whole = _read(jpeg, tmp_path)
    photo = _read(jpeg[:-2], tmp_path)
    np.testing.assert_array_equal(photo.pixels, whole.pixels)
    assert photo.notes == ("the end marker of the file is missing; the image itself is complete",)
    np.testing.assert_array_equal(_read(jpeg[:-1], tmp_path).pixels, whole.pixels)


def test_a_file_that_ends_between_two_scans(tmp_path: Path) -> None:
    """libjpeg has no warning of it, and shows what is there: no detail, no color."""
    data = _jpeg(True)
    scans = [place for place in range(len(data)) if data[place : place + 2] == b"\xff\xda"]
    assert len(scans) > 5 and has_every_scan(scan_jpeg(data))
    for scan in scans[1:]:
        cut = data[: data.rindex(b"\xff\xc4", 0, scan)]  # before the tables of that scan
        assert not has_every_scan(scan_jpeg(cut))
        with pytest.raises(ReadError, match="scans"):
            _read(cut, tmp_path)
    ended = data[: data.rindex(b"\xff\xc4", 0, scans[-1])] + b"\xff\xd9"
    assert _read(ended, tmp_path).notes == (
        "some scans of the file are missing: detail or color may be lost",
    )


@pytest.mark.parametrize("end", [b"", b"\xff\xd9"], ids=["without end", "with end"])
@pytest.mark.parametrize("filler", [b"\0", b"\x55", b""], ids=["zeros", "pattern", "cut"])
def test_half_a_picture(jpeg: bytes, filler: bytes, end: bytes, tmp_path: Path) -> None:
    half = len(jpeg) // 2
    data = jpeg[:half] + filler * (len(jpeg) - half) + end
    with pytest.raises(ReadError, match="truncated or damaged"):
        _read(data, tmp_path)


def test_a_lost_block_in_the_middle(tmp_path: Path) -> None:
    data = _jpeg(False)
    third = len(data) // 3
    with pytest.raises(ReadError, match="damaged"):
        _read(data[:third] + bytes(8192) + data[third + 8192 :], tmp_path)


def test_a_flipped_bit_is_noted(tmp_path: Path) -> None:
    data = bytearray(_jpeg(False))
    data[len(data) // 2] ^= 0x10
    photo = _read(bytes(data), tmp_path)
    assert any("may be damaged" in note for note in photo.notes)


def test_padding_before_the_end_is_harmless(jpeg: bytes, tmp_path: Path) -> None:
    assert _read(jpeg[:-2] + bytes(16) + b"\xff\xd9", tmp_path).notes == ()


def test_black_is_not_damage(tmp_path: Path) -> None:
    """With tables made for the picture, black areas are zeros in the stream, too."""
    for values in (np.zeros((2000, 3000, 3), np.uint8), np.pad(NOISE, ((0, 2000), (0, 0), (0, 0)))):
        out = io.BytesIO()
        Image.fromarray(values).save(out, "JPEG", optimize=True)
        assert bytes(64) in out.getvalue() or values.any()
        assert _read(out.getvalue(), tmp_path).notes == ()


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_modes(mode: str, tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(out, "JPEG")
    data = out.getvalue()
    assert not [note for note in _read(data, tmp_path).notes if "CMYK" not in note]
    with pytest.raises(ReadError, match="damaged"):
        _read(data[: len(data) // 2] + bytes(len(data) // 2), tmp_path)


def test_data_after_the_image_is_noted(tmp_path: Path) -> None:
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 8
    assert any("a video after the image" in note for note in _read(_jpeg(False) + video, tmp_path).notes)


def test_structure() -> None:
    data = _jpeg(False, comment=b"hello", exif=b"Exif\0\0II*\0")
    stream = scan_jpeg(data)
    assert stream.end == len(data) and data[stream.scan :].startswith(b"\xff\xda")
    assert stream.comments() == [b"hello"] and stream.application(b"Exif\0\0") == [b"II*\0"]
    assert scan_jpeg(data[:-2]).end is None and scan_jpeg(b"\xff\xd8\xff").scan is None
