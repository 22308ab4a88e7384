"""The representation of a photo throughout the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .color.spaces import SRGB, ColorSpace

__all__ = ["Metadata", "Photo"]


@dataclass(frozen=True)
class Metadata:
    """Metadata of a photo, as bytes and values of the file.

    Attributes:
        exif: a TIFF-structured EXIF block without the ``Exif\\0\\0`` prefix, with orientation 1 (the
            pixels are upright); None if the file has none.
        xmp: an XMP packet (UTF-8 XML).
        iptc: an IPTC-IIM block.
        icc: embedded profile, as read; the color space of the pixels is `Photo.color_space`.
        texts: keywords and texts of PNG, e.g. ``("Comment", "...")``, which is also the comment of a JPEG.
        raw: facts on the RAW development for writing linear DNG (camera matrix, neutral, levels), and the
            effect of noise on shadows (`color.shadow_curve.ShadowCurve`).
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()
    raw: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Photo:
    """An upright photo.

    Attributes:
        pixels: H x W x 3, float32, encoded according to ``color_space``; 1.0 is the white level. Values
            outside [0, 1] (highlights above white, colors outside the gamut) are kept.
        color_space: primaries and transfer curve of the pixels.
        bit_depth: bits per channel of the source file (8, 10, 12, 16; 32 for float).
        metadata: EXIF, XMP, IPTC and the embedded profile.
        source: path of the source file.
        notes: one sentence for each thing that could not be read or kept.
    """

    pixels: np.ndarray
    color_space: ColorSpace = SRGB
    bit_depth: int = 8
    metadata: Metadata = field(default_factory=Metadata)
    source: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def with_pixels(self, pixels: np.ndarray, color_space: ColorSpace | None = None) -> Photo:
        """The same photo with other pixels, H x W x 3 float32, in ``color_space`` (default: unchanged)."""
        return replace(self, pixels=pixels, color_space=color_space or self.color_space)
