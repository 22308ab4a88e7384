"""Reduction of EXIF blocks to the 64 KB of a JPEG segment."""

from __future__ import annotations

from ..tiff.directory import IFD, TYPE_SIZES, Directory, Entry, exif_block
from ..tiff.tags import Tag
from .exif import split_block

__all__ = ["fitted_block"]


def fitted_block(block: bytes, limit: int) -> tuple[bytes, list[int]]:
    """Remove the largest fields until the block fits; return it and the tags of the removed fields.

    Args:
        block: TIFF-structured EXIF.
        limit: maximum size, bytes.
    """
    image = dict(split_block(block))
    pointer = image.get(Tag.ExifIFD)
    exif: Directory = dict(pointer.value[0]) if pointer is not None and pointer.type == IFD else {}
    dropped: list[int] = []
    while len(block) > limit:
        sizes = [
            (_size(entry), code, directory)
            for directory in (image, exif)
            for code, entry in directory.items()
            if entry.type != IFD
        ]
        if not sizes:
            break
        _, code, directory = max(sizes, key=lambda item: item[0])
        del directory[code]
        dropped.append(code)
        if exif:
            image[Tag.ExifIFD] = Entry.directories(exif)
        block = exif_block(image)
    return block, dropped


def _size(entry: Entry) -> int:
    return entry.count * TYPE_SIZES.get(entry.type, 1)
