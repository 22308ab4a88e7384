"""The one representation of a photo that flows through the program, from file to file."""

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
    """What travels beside the pixels, as the bytes and values the file held.

    Attributes:
        exif: a TIFF-structured EXIF block without the ``Exif\\0\\0`` prefix, its orientation normalised to 1
            (the pixels are upright); None where the file had none.
        xmp: an XMP packet (UTF-8 XML).
        iptc: an IPTC-IIM block.
        icc: the profile the file embedded, as read; the pixels' meaning is in `Photo.color_space`.
        texts: named texts as PNG holds them, e.g. ``("Comment", "...")``; that is also the comment of a JPEG.
        raw: facts of a RAW development that a linear DNG needs again (camera matrix, neutral, levels).
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
        pixels: H x W x 3, float32, encoded as ``color_space`` says; 1.0 is the white level. Values outside
            [0, 1] (highlights above white, colors outside the gamut) are kept.
        color_space: primaries and transfer curve of the pixels.
        bit_depth: of the file the pixels came from (8, 10, 12, 16; 32 for float).
        metadata: EXIF, XMP, IPTC and the embedded profile.
        source: the file it was read from.
        notes: what could not be read or kept, one plain sentence each.
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
