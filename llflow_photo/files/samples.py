"""Decoded samples, before anything is said about their color."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..color.spaces import ColorSpace

__all__ = ["Samples", "upright"]


@dataclass
class Samples:
    """What a decoder hands on.

    Attributes:
        values: H x W x 3 (or H x W x 1 for gray), unsigned integers of the whole range of their type, or
            float32 with white at 1; not yet upright.
        bit_depth: of the file: 8, 16, or 32 for float.
        orientation: EXIF orientation to apply, 1 to 8.
        exif, xmp, iptc, icc: metadata blocks as the file holds them.
        declared: the color space the file declares otherwise than by a profile, None where it does not.
        notes: what was left out.
    """

    values: np.ndarray
    bit_depth: int
    orientation: int = 1
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None
    declared: ColorSpace | None = None
    notes: list[str] = field(default_factory=list)


def upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels turned and mirrored as EXIF orientation 1 to 8 asks (Exif 2.32, 4.6.4 A)."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return np.ascontiguousarray(values)
