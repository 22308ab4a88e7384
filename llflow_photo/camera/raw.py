"""A RAW frame in memory, and its color filter array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["PATTERNS", "RawFrame", "mosaic"]

PATTERNS = ("RGGB", "GRBG", "GBRG", "BGGR")
"""The four phases of a Bayer array, each the colors of its top left 2 x 2 pixels, row by row."""


@dataclass(frozen=True)
class RawFrame:
    """Content of a RAW file.

    Attributes:
        mosaic: H x W raw values, uint16, one color per pixel.
        pattern: one of `PATTERNS`.
        black_level: raw value of black.
        white_level: raw value of saturation.
        color_matrix: 3 x 3, CIE XYZ to camera RGB (DNG's ColorMatrix, D65).
        neutral: camera RGB of a neutral surface, green 1 (DNG's AsShotNeutral).
    """

    mosaic: np.ndarray
    pattern: str
    black_level: int
    white_level: int
    color_matrix: np.ndarray
    neutral: tuple[float, float, float]


def mosaic(image: np.ndarray, pattern: str) -> np.ndarray:
    """Select the color of each pixel's filter: H x W x 3 to H x W."""
    result = np.empty(image.shape[:2], image.dtype)
    for index, color in enumerate(pattern):
        row, column = divmod(index, 2)
        result[row::2, column::2] = image[row::2, column::2, "RGB".index(color)]
    return result
