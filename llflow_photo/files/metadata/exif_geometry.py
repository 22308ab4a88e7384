"""EXIF fields with image coordinates or directions, rotated with the image. Source: Exif 2.32, 4.6.5."""

from __future__ import annotations

from collections.abc import Sequence

from ..tiff.directory import IFD, LONG, SHORT, Directory, Entry, exif_block
from ..tiff.tags import Tag
from .exif import split_block
from .orientation import swaps_sides, turned_box

__all__ = ["turned_block", "turned_subject"]

# A point, a circle (center, diameter) or a box (center, width, height), in stored pixels before orientation.
_SUBJECT_FIELDS = (Tag.SubjectArea, Tag.SubjectLocation)
# Pixels of the sensor per unit, along each side of the stored image.
_ALONG_WIDTH, _ALONG_HEIGHT = Tag.FocalPlaneXResolution, Tag.FocalPlaneYResolution


def turned_block(block: bytes | None, orientation: int, width: int, height: int) -> bytes | None:
    """The EXIF block of a photo after its orientation was applied.

    Args:
        orientation: orientation that was applied, 1 to 8.
        width, height: size of the stored pixels.
    """
    if not block or orientation == 1:
        return block
    image = dict(split_block(block))
    pointer = image.get(Tag.ExifIFD)
    if pointer is None or pointer.type != IFD:
        return block
    exif: Directory = dict(pointer.value[0])
    for code in _SUBJECT_FIELDS:
        if code in exif:
            exif[code] = _turned(exif[code], orientation, width, height)
    if swaps_sides(orientation):
        along = {_ALONG_WIDTH: exif.get(_ALONG_HEIGHT), _ALONG_HEIGHT: exif.get(_ALONG_WIDTH)}
        if None not in along.values():
            exif |= {code: entry for code, entry in along.items() if entry is not None}
    if exif == pointer.value[0]:
        return block
    image[Tag.ExifIFD] = Entry.directories(exif)
    return exif_block(image)


def _turned(entry: Entry, orientation: int, width: int, height: int) -> Entry:
    if entry.type not in (SHORT, LONG) or not 2 <= entry.count <= 4:
        return entry
    numbers = turned_subject([float(value) for value in entry.value], orientation, width, height)
    return Entry.numbers(SHORT, *(min(number, 65535) for number in numbers))


def turned_subject(numbers: Sequence[float], orientation: int, width: int, height: int) -> list[int]:
    """A point, a circle (center, diameter) or a box (center, width, height) in pixels, in the upright image.

    Args:
        numbers: 2 to 4 numbers.
        orientation: orientation that was applied, 1 to 8.
        width, height: size of the stored pixels.
    """
    x, y, *size = numbers
    box_width, box_height = size if len(size) == 2 else (0.0, 0.0)
    box = ((x - box_width / 2) / width, (y - box_height / 2) / height, box_width / width, box_height / height)
    left, top, wide, high = turned_box(box, orientation)
    if swaps_sides(orientation):
        width, height = height, width
    center = [(left + wide / 2) * width, (top + high / 2) * height]
    sides = [wide * width, high * height] if len(size) == 2 else size
    return [max(round(value), 0) for value in (*center, *sides)]
