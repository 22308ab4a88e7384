"""Color space declared by EXIF, as in camera JPEGs without a profile. Sources: Exif 2.32, 4.6; DCF 2.0."""

from __future__ import annotations

from dataclasses import replace

from ...color.spaces import ADOBE_RGB, SRGB, ColorSpace
from ...errors import FormatError
from ..tiff.color import with_corners
from ..tiff.directory import IFD, Directory
from ..tiff.parse import numbers_of, parse_tiff, text_of
from ..tiff.tags import ExifColorSpace, InteroperabilityTag, Tag
from .exif import without_prefix

__all__ = ["space_of_exif"]


def space_of_exif(block: bytes | None) -> ColorSpace | None:
    """Color space of the pixels; None if the block declares sRGB or nothing, or is broken.

    Adobe RGB is declared by ColorSpace 2, which is in use but not standard, or by the interoperability index
    R03. Other spaces are "uncalibrated", with primaries, white point and gamma.
    """
    try:
        image = parse_tiff(without_prefix(block or b""))[0]
    except FormatError:
        return None
    for exif in _children(image, Tag.ExifIFD):
        kind = numbers_of(exif, Tag.ColorSpace)
        if ExifColorSpace.AdobeRGB in kind or any(
            text_of(one, InteroperabilityTag.InteroperabilityIndex) == "R03"
            for one in _children(exif, Tag.InteroperabilityIFD)
        ):
            return ADOBE_RGB
        space = with_corners(image)
        if ExifColorSpace.Uncalibrated in kind and space != SRGB:
            gamma = numbers_of(exif, Tag.Gamma)
            known = bool(gamma) and 1 <= gamma[0] <= 4
            transfer = "linear" if known and gamma[0] == 1 else f"gamma:{gamma[0]:g}" if known else ""
            return replace(space, name="EXIF fields", transfer=transfer) if known else space
    return None


def _children(directory: Directory, code: int) -> tuple[Directory, ...]:
    entry = directory.get(code)
    return entry.value if entry is not None and entry.type == IFD else ()
