"""Resolution of the print: pixels per inch in EXIF, JFIF and PNG."""

from __future__ import annotations

from ..tiff.directory import SHORT, Directory, Entry, exif_block
from ..tiff.parse import numbers_of
from .exif import split_block

__all__ = ["resolution_of", "with_resolution"]

_X, _Y, _UNIT = 0x011A, 0x011B, 0x0128
_INCH, _CENTIMETER = 2, 3
_CENTIMETERS_PER_INCH = 2.54


def with_resolution(
    block: bytes | None, resolution: tuple[float, float] | None, swapped: bool
) -> bytes | None:
    """An EXIF block with the resolution of a container, where it has none itself.

    Args:
        block: of the upright photo.
        resolution: pixels per inch, horizontal and vertical, of the stored pixels.
        swapped: whether width and height have changed places since.
    """
    directory: Directory = dict(split_block(block)) if block else {}
    if _X in directory and _Y in directory:
        if not swapped or directory[_X] == directory[_Y]:
            return block
        directory[_X], directory[_Y] = directory[_Y], directory[_X]
        return exif_block(directory)
    if resolution is None:
        return block
    directory[_X], directory[_Y] = (
        Entry.rationals([round(value, 2)]) for value in (reversed(resolution) if swapped else resolution)
    )
    directory[_UNIT] = Entry.numbers(SHORT, _INCH)
    return exif_block(directory)


def resolution_of(block: bytes | None) -> tuple[float, float] | None:
    """Pixels per inch, horizontal and vertical; None where the block does not say."""
    if not block:
        return None
    directory = split_block(block)
    x, y = numbers_of(directory, _X), numbers_of(directory, _Y)
    unit = (numbers_of(directory, _UNIT) or (_INCH,))[0]
    if not x or not y or min(x[0], y[0]) <= 0 or unit not in (_INCH, _CENTIMETER):
        return None
    factor = _CENTIMETERS_PER_INCH if unit == _CENTIMETER else 1.0
    return x[0] * factor, y[0] * factor
