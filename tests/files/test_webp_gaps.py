"""WebP photos with large even areas are coded as many zeros, and read; those with gaps are refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo import files
from llflow_photo.errors import ReadError

ZEROS = bytes(256)


def _street(height: int, width: int, even: int, color: int = 0, seed: int = 0) -> np.ndarray:
    """A noisy street below ``even`` rows of one color."""
    values = np.full((height, width, 3), color, np.uint8)
    y, x = np.mgrid[0 : height - even, 0:width]
    light = 20 + 15 * np.sin(x / 40)[..., None] + 10 * np.sin(y / 23)[..., None]
    noise = np.random.default_rng(seed).normal(0, 6, (height - even, width, 3))
    values[even:] = np.clip(light + noise, 0, 255)
    return values


def _webp(values: np.ndarray, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, "WEBP", **options)
    return out.getvalue()


def _gradient() -> np.ndarray:
    rows = np.linspace(0, 8, 400).astype(np.uint8)
    return np.broadcast_to(rows[:, None, None], (400, 600, 3)).copy()


INTACT = {
    "black-sky": lambda: _webp(_street(1000, 1500, 500), quality=80),
    "lossless": lambda: _webp(_gradient(), lossless=True, method=0),
}


@pytest.mark.parametrize("name", INTACT)
def test_zeros_of_even_areas_are_no_gap(name: str, tmp_path: Path) -> None:
    data = INTACT[name]()
    assert ZEROS in data, "the case is one with many zeros"
    path = tmp_path / "photo.webp"
    path.write_bytes(data)
    photo = files.read(path)
    assert photo.notes == ()
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(np.rint(photo.pixels * 255), expected)


@pytest.mark.parametrize("color", [0, 255])
@pytest.mark.parametrize("quality", [60, 80, 95])
def test_even_sky_at_several_qualities(quality: int, color: int, tmp_path: Path) -> None:
    path = tmp_path / "photo.webp"
    path.write_bytes(_webp(_street(600, 900, 420, color)[::-1], quality=quality))
    assert files.read(path).notes == ()


def test_transparency_is_no_gap(tmp_path: Path) -> None:
    alpha = np.zeros((64, 96, 1), np.uint8)
    alpha[32:] = 255
    path = tmp_path / "photo.webp"
    path.write_bytes(
        _webp(np.concatenate([_street(64, 96, 0), alpha], axis=2), quality=80, alpha_quality=100, exact=True)
    )
    assert files.read(path).pixels.shape == (64, 96, 3)


@pytest.mark.parametrize(
    ("even", "options"),
    [(0, {"quality": 80}), (200, {"quality": 90}), (0, {"lossless": True}), (200, {"lossless": True})],
)
def test_gaps_are_refused(even: int, options: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "photo.webp"
    whole = _webp(_street(400, 600, even), **options)
    middle = len(whole) // 2
    sector = middle // 512 * 512
    for start, size in ((middle, len(whole) - middle), (middle, 512), (sector, 512), (len(whole) - 600, 600)):
        path.write_bytes(whole[:start] + bytes(size) + whole[start + size :])
        with pytest.raises(ReadError, match="damaged"):
            files.read(path)


def test_gap_beside_legal_zeros(tmp_path: Path) -> None:
    """A sector is missing from a photo whose sky is coded as zeros."""
    whole = INTACT["black-sky"]()
    end = len(whole) - 1024
    path = tmp_path / "photo.webp"
    path.write_bytes(whole[:end] + bytes(512) + whole[end + 512 :])
    with pytest.raises(ReadError, match="zeros instead of data"):
        files.read(path)
