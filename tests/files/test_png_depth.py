"""16-bit PNG of every color type keeps all bits, whatever its filters and interlacing."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from file_helpers import png_chunk
from PIL import Image

from llflow_photo import Photo, files
from llflow_photo.pictures import photo_of_image

COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
# First row and column, and steps, of the passes (W3C PNG, third edition, 8.1).
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def _filtered(row: np.ndarray, above: np.ndarray, distance: int, kind: int) -> bytes:
    """A row of bytes with a filter (W3C PNG, third edition, 9.2); ``distance``: bytes of a pixel."""
    x, b = row.astype(int), above.astype(int)
    a, c = (np.concatenate([np.zeros(distance, int), one[:-distance]]) for one in (x, b))
    p = a + b - c
    pa, pb, pc = (abs(p - one) for one in (a, b, c))
    paeth = np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))
    predicted = (np.zeros_like(x), a, b, (a + b) // 2, paeth)[kind]
    return bytes([kind]) + ((x - predicted) % 256).astype(np.uint8).tobytes()


def _rows(values: np.ndarray, filters: tuple[int, ...]) -> bytes:
    """The filtered rows of one pass, with one filter after the other."""
    rows = np.ascontiguousarray(values.astype(">u2")).view(np.uint8).reshape(len(values), -1)
    above = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    distance = 2 * values.shape[2]
    return b"".join(
        _filtered(row, before, distance, filters[index % len(filters)])
        for index, (row, before) in enumerate(zip(rows, above, strict=True))
    )


def _png(values: np.ndarray, filters: tuple[int, ...], interlaced: bool) -> bytes:
    """A PNG file of H x W x 1 to 4, uint16: gray, gray with alpha, color, color with alpha."""
    height, width, channels = values.shape
    passes = [values[y::down, x::right] for y, x, down, right in ADAM7] if interlaced else [values]
    data = b"".join(_rows(part, filters) for part in passes if part.size)
    head = struct.pack(">IIBBBBB", width, height, 16, COLOR_TYPES[channels], 0, 0, interlaced)
    packed = zlib.compress(data)
    chunks = [(b"IHDR", head), (b"IDAT", packed[:500]), (b"IDAT", packed[500:]), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, content) for kind, content in chunks)


def _values(channels: int, size: tuple[int, int] = (37, 29)) -> np.ndarray:
    """Noise, in which all bytes matter."""
    return np.random.default_rng(channels).integers(0, 65536, (*size, channels)).astype(np.uint16)


def _assert_all_bits(photo: Photo, values: np.ndarray) -> None:
    assert photo.bit_depth == 16
    color = values[..., : 1 if values.shape[2] < 3 else 3]
    expected = np.broadcast_to(color, (*values.shape[:2], 3))
    np.testing.assert_array_equal(np.rint(photo.pixels * 65535), expected)
    assert any("alpha" in note for note in photo.notes) == (values.shape[2] in (2, 4))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("filters", [(0,), (1,), (2,), (3,), (4,), (4, 2, 0, 3, 1)])
@pytest.mark.parametrize("channels", COLOR_TYPES)
def test_all_bits_are_read(channels: int, filters: tuple[int, ...], interlaced: bool, tmp_path: Path) -> None:
    values = _values(channels)
    path = tmp_path / "photo.png"
    path.write_bytes(_png(values, filters, interlaced))
    _assert_all_bits(files.read(path), values)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 2)])
@pytest.mark.parametrize("channels", COLOR_TYPES)
def test_passes_without_pixels(channels: int, size: tuple[int, int], tmp_path: Path) -> None:
    values = _values(channels, size)
    path = tmp_path / "photo.png"
    path.write_bytes(_png(values, (4,), True))
    _assert_all_bits(files.read(path), values)


@pytest.mark.parametrize("channels", COLOR_TYPES)
def test_images_opened_by_pillow(channels: int) -> None:
    values = _values(channels)
    with Image.open(io.BytesIO(_png(values, (3, 4), False))) as image:
        _assert_all_bits(photo_of_image(image), values)
