"""Print resolution, pixels per inch, in EXIF, JFIF and PNG."""

from __future__ import annotations

from ..tiff.directory import SHORT, Directory, Entry, exif_block
from ..tiff.parse import numbers_of
from ..tiff.tags import ResolutionUnit, Tag
from .exif import split_block

__all__ = ["resolution_of", "with_resolution"]

_CENTIMETERS_PER_INCH = 2.54


def with_resolution(
    block: bytes | None, resolution: tuple[float, float] | None, swapped: bool
) -> bytes | None:
    """An EXIF block with the resolution declared by the container, unless it has its own.

    Args:
        block: EXIF block of the upright photo.
        resolution: pixels per inch, horizontal and vertical, of the stored pixels.
        swapped: whether the orientation swaps width and height.
    """
    directory: Directory = dict(split_block(block)) if block else {}
    if Tag.XResolution in directory and Tag.YResolution in directory:
        if not swapped or directory[Tag.XResolution] == directory[Tag.YResolution]:
            return block
        x, y = directory[Tag.XResolution], directory[Tag.YResolution]
        directory[Tag.XResolution], directory[Tag.YResolution] = y, x
        return exif_block(directory)
    if resolution is None:
        return block
    directory[Tag.XResolution], directory[Tag.YResolution] = (
        Entry.rationals([round(value, 2)]) for value in (reversed(resolution) if swapped else resolution)
    )
    directory[Tag.ResolutionUnit] = Entry.numbers(SHORT, ResolutionUnit.Inch)
    return exif_block(directory)


def resolution_of(block: bytes | None) -> tuple[float, float] | None:
    """Pixels per inch, horizontal and vertical; None if undeclared."""
    if not block:
        return None
    directory = split_block(block)
    x, y = numbers_of(directory, Tag.XResolution), numbers_of(directory, Tag.YResolution)
    unit = (numbers_of(directory, Tag.ResolutionUnit) or (ResolutionUnit.Inch,))[0]
    if not x or not y or min(x[0], y[0]) <= 0 or unit not in (ResolutionUnit.Inch, ResolutionUnit.Centimeter):
        return None
    factor = _CENTIMETERS_PER_INCH if unit == ResolutionUnit.Centimeter else 1.0
    return x[0] * factor, y[0] * factor
