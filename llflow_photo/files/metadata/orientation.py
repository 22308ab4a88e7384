"""Orientation of stored pixels, and turning them upright.

Orientations are numbered as in EXIF: 1 is upright, 6 needs a quarter turn clockwise (Exif 2.32, 4.6.4 A).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = [
    "composed",
    "declared",
    "remaining",
    "stored_size",
    "swaps_sides",
    "turned_box",
    "turned_point",
    "upright",
]

_TRANSPOSED = (5, 6, 7, 8)
_ROWS_REVERSED = (3, 4, 7, 8)
_COLUMNS_REVERSED = (2, 3, 6, 7)


def declared(exif: int | None, xmp: int | None, sidecar: int | None = None) -> int:
    """The effective orientation among those that a photo declares.

    A sidecar was written by the program used last, so it takes precedence. Inside the file, EXIF takes
    precedence over XMP (Metadata Working Group, Guidelines 2.0).

    Args:
        exif: orientation in the EXIF block, or in the container if the container defines it (HEIF, JPEG XL).
        xmp: ``tiff:Orientation`` of the embedded packet.
        sidecar: ``tiff:Orientation`` of a sidecar file.

    Returns:
        1 to 8; 1 if nothing is declared.
    """
    for value in (sidecar, exif, xmp):
        if value is not None and 1 <= value <= 8:
            return value
    return 1


def upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels, H x W x ..., with the orientation applied; contiguous."""
    if orientation in _TRANSPOSED:
        values = values.swapaxes(0, 1)
    if orientation in _ROWS_REVERSED:
        values = values[::-1]
    if orientation in _COLUMNS_REVERSED:
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


@lru_cache(maxsize=64)
def remaining(wanted: int, applied: int) -> int:
    """The orientation still to apply to pixels to which a decoder has already applied ``applied``."""
    return next(o for o in range(1, 9) if composed(applied, o) == wanted)


@lru_cache(maxsize=64)
def composed(first: int, second: int) -> int:
    """The orientation equivalent to two orientations, applied one after the other."""
    grid = np.arange(6).reshape(2, 3)
    goal = upright(upright(grid, first), second)
    return next(o for o in range(1, 9) if np.array_equal(upright(grid, o), goal))


def swaps_sides(orientation: int) -> bool:
    """Whether the orientation swaps width and height."""
    return orientation in _TRANSPOSED


def stored_size(pixels: np.ndarray, orientation: int) -> tuple[int, int]:
    """Width and height of the stored pixels, from upright pixels, H x W x 3."""
    height, width = pixels.shape[:2]
    return (height, width) if swaps_sides(orientation) else (width, height)


def turned_point(x: float, y: float, orientation: int) -> tuple[float, float]:
    """Position of a point after orientation, as fractions of width and height from the top left corner."""
    if orientation in _TRANSPOSED:
        x, y = y, x
    return (1 - x if orientation in _COLUMNS_REVERSED else x), (1 - y if orientation in _ROWS_REVERSED else y)


def turned_box(box: tuple[float, float, float, float], orientation: int) -> tuple[float, float, float, float]:
    """A rectangle after orientation: left, top, width, height as fractions of the image."""
    left, top, width, height = box
    x, y = turned_point(left + width / 2, top + height / 2, orientation)
    if swaps_sides(orientation):
        width, height = height, width
    return x - width / 2, y - height / 2, width, height
