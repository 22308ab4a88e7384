"""Finding the raw image in a DNG file, and building DNG files in memory.

Source: Adobe, Digital Negative Specification 1.7.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..tiff.directory import IFD, LONG, Directory, Entry, encode_directories
from ..tiff.parse import numbers_of
from ..tiff.tags import Compression, NewSubfile, Photometric, Tag

__all__ = ["cfa_pattern", "dng_bytes", "first_number", "is_dng", "raw_directory"]


def is_dng(directories: list[Directory]) -> bool:
    """Whether the directories are those of a DNG file."""
    return bool(directories) and Tag.DNGVersion in directories[0]


def first_number(directory: Directory, tag: Tag, default: float) -> float:
    """The first number of a field; the default if it is missing."""
    numbers = numbers_of(directory, tag)
    return numbers[0] if numbers else default


def raw_directory(directories: list[Directory]) -> tuple[Directory, list[str]] | None:
    """The directory of the full-size raw image, and notes; None if there is none.

    An enhanced image (DNG 1.5), which the writer derived from the mosaic, is preferred if its compression is
    supported.
    """
    main: Directory | None = None
    notes = []
    for directory in _all(directories):
        if int(first_number(directory, Tag.PhotometricInterpretation, -1)) not in (
            Photometric.CFA,
            Photometric.LinearRaw,
        ):
            continue
        kind = int(first_number(directory, Tag.NewSubfileType, 0))
        if kind == NewSubfile.Enhanced:
            if first_number(directory, Tag.Compression, 0) != Compression.JPEGXL:
                return directory, []
            notes.append(
                "the enhanced image in the DNG is compressed with JPEG XL, which is not supported; "
                "the original image was developed"
            )
        elif kind == 0 and main is None:
            main = directory
    return None if main is None else (main, notes)


def _all(directories: list[Directory]) -> Iterator[Directory]:
    for directory in directories:
        yield directory
        children = directory.get(Tag.SubIFDs)
        if children is not None and children.type == IFD:
            yield from _all(list(children.value))


def cfa_pattern(directory: Directory) -> np.ndarray | None:
    """2 x 2 or 6 x 6 of 0 red, 1 green, 2 blue; None for other patterns and layouts."""
    repeat = [int(v) for v in numbers_of(directory, Tag.CFARepeatPatternDim)] or [2, 2]
    colors = numbers_of(directory, Tag.CFAPattern)
    planes = numbers_of(directory, Tag.CFAPlaneColor) or (0, 1, 2)
    if len(repeat) != 2 or len(colors) != repeat[0] * repeat[1] or planes != (0, 1, 2):
        return None
    if first_number(directory, Tag.CFALayout, 1) != 1 or set(colors) != {0, 1, 2}:
        return None
    pattern = np.array(colors, np.uint8).reshape(repeat)
    if (
        repeat[0] % 2 == repeat[1] % 2 == 0
        and (pattern == np.tile(pattern[:2, :2], np.array(repeat) // 2)).all()
    ):
        return pattern[:2, :2]
    return pattern if repeat == [6, 6] else None


def dng_bytes(directory: Directory, blocks: list[bytes]) -> bytes:
    """A little-endian DNG file with one directory and its strips or tiles."""
    offsets, parts, position = [], [], 8
    for block in blocks:
        offsets.append(position)
        parts.append(block + b"\0" * (len(block) % 2))
        position += len(parts[-1])
    tiled = Tag.TileWidth in directory
    places = {
        Tag.TileOffsets if tiled else Tag.StripOffsets: Entry.numbers(LONG, *offsets),
        Tag.TileByteCounts if tiled else Tag.StripByteCounts: Entry.numbers(LONG, *map(len, blocks)),
    }
    table = encode_directories([directory | places], position)
    return b"".join((b"II*\0", position.to_bytes(4, "little"), *parts, table))
