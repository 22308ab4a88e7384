"""Hot pixels of developed photos and JPEGs: single sites that shine, and the blur that files make of them.

A speck is a pixel far above the ring of 16 pixels two away from it, whose light falls to nothing within one
pixel. The image of a star, as sharp as lenses draw it (Gaussian, sigma 0.6 pixels or more), gives its four
neighbors at least a quarter of its excess each; a hot site gives them what interpolation and JPEG leave:
little, or in one color only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..color.channels import greatest_channel
from ..photo import Photo

__all__ = ["repaired", "without_specks"]

HALO = 3
_BLOCK_ROWS = 256
_LEAST = 0.06
_SIGMAS = 8.0
_MEDIAN_TO_SIGMA = 1.4826
_SHARE_OF_NEIGHBORS = 0.15
_RING = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if max(abs(dy), abs(dx)) == 2]
_TOUCHING = [(-1, 0), (1, 0), (0, -1), (0, 1)]
_AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


def without_specks(photo: Photo) -> Photo:
    """The photo with specks replaced by the median of the pixels two away; unchanged where it has none."""
    pixels, count = repaired(photo.pixels)
    if not count:
        return photo
    return replace(photo, pixels=pixels)


def repaired(pixels: np.ndarray) -> tuple[np.ndarray, int]:
    """Pixels without specks, and how many were repaired.

    Args:
        pixels: H x W x 3 float32, encoded or linear.

    Returns:
        a copy where there were specks, ``pixels`` itself where there were none.
    """
    height, width = pixels.shape[:2]
    if height < 2 * HALO or width < 2 * HALO:
        return pixels, 0
    out, count = pixels, 0
    for top in range(0, height, _BLOCK_ROWS):
        bottom = min(top + _BLOCK_ROWS, height)
        first, last = max(0, top - HALO), min(height, bottom + HALO)
        y, x = _specks(pixels[first:last])
        inside = (y >= top - first) & (y < bottom - first)
        if not inside.any():
            continue
        if out is pixels:
            out = pixels.copy()
        _fill(pixels, out, y[inside] + first, x[inside])
        count += int(inside.sum())
    return out, count


def _specks(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    peak = greatest_channel(pixels)
    y, x = _candidates(peak)
    if not y.size:
        return y, x
    ring = np.stack([peak[y + dy, x + dx] for dy, dx in _RING], axis=1)
    median = np.median(ring, axis=1)
    scatter = _MEDIAN_TO_SIGMA * np.median(np.abs(ring - median[:, None]), axis=1)
    excess = peak[y, x] - median
    touching = np.stack([peak[y + dy, x + dx] for dy, dx in _TOUCHING], axis=1) - median[:, None]
    hot = excess > np.maximum(_SIGMAS * scatter, _LEAST)
    hot &= ring.max(axis=1) - median < 0.25 * excess + 3 * scatter
    hot &= np.maximum(touching, 0).mean(axis=1) < _SHARE_OF_NEIGHBORS * excess + scatter
    return y[hot], x[hot]


def _candidates(peak: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local peaks well above the four pixels two away, not at the borders."""
    inner = peak[2:-2, 2:-2]
    two_away = np.maximum(
        np.maximum(peak[:-4, 2:-2], peak[4:, 2:-2]), np.maximum(peak[2:-2, :-4], peak[2:-2, 4:])
    )
    touching = np.maximum(
        np.maximum(peak[1:-3, 2:-2], peak[3:-1, 2:-2]), np.maximum(peak[2:-2, 1:-3], peak[2:-2, 3:-1])
    )
    y, x = np.nonzero((inner > two_away + np.float32(_LEAST)) & (inner > touching))
    return y + 2, x + 2


def _fill(pixels: np.ndarray, out: np.ndarray, y: np.ndarray, x: np.ndarray) -> None:
    """The speck and what touches it, by the median of the ring."""
    height, width = pixels.shape[:2]
    ring = np.stack([pixels[y + dy, x + dx] for dy, dx in _RING], axis=1)
    median = np.median(ring, axis=1)
    for dy, dx in _AROUND:
        rows, cols = np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1)
        out[rows, cols] = np.minimum(out[rows, cols], median) if dy or dx else median
