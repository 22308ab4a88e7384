"""Decoded samples, before anything is said about their color."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..color.cicp import CodePoints
from ..color.spaces import ColorSpace

__all__ = ["Samples", "whole_range"]


@dataclass
class Samples:
    """What a decoder hands on.

    Attributes:
        values: H x W x 3 (or H x W x 1 for gray), unsigned integers of the whole range of their type, or
            float32 with white at 1; not yet upright.
        bit_depth: of the file, e.g. 8, 10 or 16; 32 for float.
        orientation: of the stored pixels, 1 to 8, as the file's container or EXIF declares it; None where
            neither says anything.
        applied: the orientation that the decoder has applied to ``values`` already.
        exif, xmp, iptc, icc: metadata blocks as the file holds them.
        code_points: color as H.273 code points (PNG cICP, HEIF nclx), which count before the profile where
            ``code_points_first``, after it otherwise.
        declared: the color space the file declares otherwise, None where it does not.
        texts: named texts: chunks of PNG, the comment of JPEG.
        resolution: pixels per inch, horizontal and vertical, where the container says it.
        notes: what was left out.
    """

    values: np.ndarray
    bit_depth: int
    orientation: int | None = None
    applied: int = 1
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None
    code_points: CodePoints | None = None
    code_points_first: bool = False
    declared: ColorSpace | None = None
    texts: tuple[tuple[str, str], ...] = ()
    resolution: tuple[float, float] | None = None
    notes: list[str] = field(default_factory=list)


def whole_range(values: np.ndarray, bits: int) -> np.ndarray:
    """Integers of so many bits as uint16 of the whole range; floats as float32."""
    if values.dtype.kind == "f":
        return np.asarray(values, np.float32)
    if values.dtype == np.uint16 and bits < 16:
        top = (1 << bits) - 1
        return np.asarray((values.astype(np.uint32) * 65535 + top // 2) // top, np.uint16)
    return values
