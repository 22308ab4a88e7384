"""Output of the decoders: samples and metadata, before color conversion."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..color.cicp import CodePoints
from ..color.spaces import ColorSpace

__all__ = ["Samples", "whole_range"]


@dataclass
class Samples:
    """Output of a decoder.

    Attributes:
        values: H x W x 3 (or H x W x 1 for gray), unsigned integers of the full range of their type, or
            float32 with white at 1; orientation not applied.
        bit_depth: bits per channel of the file, e.g. 8, 10 or 16; 32 for float.
        orientation: orientation of the stored pixels, 1 to 8, as declared by the container or EXIF; None if
            undeclared.
        applied: the orientation that the decoder has already applied to ``values``.
        exif, xmp, iptc, icc: metadata blocks as stored in the file.
        code_points: color as H.273 code points (PNG cICP, HEIF nclx).
        code_points_first: whether ``code_points`` take precedence over the profile.
        declared: color space that the file declares by other means; None if it does not.
        texts: keywords and texts: chunks of PNG, the comment of JPEG.
        resolution: pixels per inch, horizontal and vertical, if the container declares it.
        notes: notes on what was left out.
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
    """Integers of ``bits`` bits scaled to the full range of uint16; floats as float32."""
    if values.dtype.kind == "f":
        return np.asarray(values, np.float32)
    if values.dtype == np.uint16 and bits < 16:
        top = (1 << bits) - 1
        return np.asarray((values.astype(np.uint32) * 65535 + top // 2) // top, np.uint16)
    return values
