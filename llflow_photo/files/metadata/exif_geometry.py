"""EXIF fields with image coordinates, rotated with the image. Source: Exif 2.32, 4.6.5 D and G."""

from __future__ import annotations

from ..tiff.directory import IFD, SHORT, Directory, Entry, exif_block
from ..tiff.tags import Tag
from .exif import split_block
from .orientation import turned_box

__all__ = ["turned_block"]

# A point, a circle (center, diameter) or a box (center, width, height), in stored pixels before orientation.
_SUBJECT_FIELDS = (Tag.SubjectArea, Tag.SubjectLocation)


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
    found = [code for code in _SUBJECT_FIELDS if code in exif]
    for code in found:
        exif[code] = _turned(exif[code], orientation, width, height)
    if not found:
        return block
    image[Tag.ExifIFD] = Entry.directories(exif)
    return exif_block(image)


def _turned(entry: Entry, orientation: int, width: int, height: int) -> Entry:
    if entry.type != SHORT or not 2 <= entry.count <= 4:
        return entry
    x, y, *size = (float(value) for value in entry.value)
    box_width, box_height = size if len(size) == 2 else (0.0, 0.0)
    box = ((x - box_width / 2) / width, (y - box_height / 2) / height, box_width / width, box_height / height)
    left, top, wide, high = turned_box(box, orientation)
    if orientation >= 5:
        width, height = height, width
    center = [(left + wide / 2) * width, (top + high / 2) * height]
    sides = [wide * width, high * height] if len(size) == 2 else size
    return Entry.numbers(SHORT, *(min(max(round(value), 0), 65535) for value in (*center, *sides)))
