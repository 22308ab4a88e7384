"""Checks that the pixel data of a RAW file is present."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from ...errors import FormatError, ReadError
from ..tiff.directory import Directory
from ..tiff.parse import Buffer, is_tiff, numbers_of, parse_tiff
from ..tiff.tags import Tag

__all__ = ["refuse_missing_pixels", "refuse_pixels_beyond_the_end"]

# Sensors have noise even in the dark, so equal rows up to the end of the frame were never written. Saturated
# rows may really be equal; they count only if nearly all rows are equal.
_MISSING_SHARE = 0.5
_NEARLY_ALL = 0.98
_SATURATED = 0.98
_NOTED_LINES = 8
# Merged images may have empty margins.
_NOTED_SHARE_OF_MERGED = 0.25
_PROBES = 16
_UNKNOWN_OFFSET = 0xFFFFFFFF


def refuse_missing_pixels(
    samples: np.ndarray, name: str, *, black: float, white: float, mosaic: bool
) -> list[str]:
    """Refuse constant frames and mosaics with half of the pixels missing; note smaller gaps.

    Missing are rows of one value up to the end of the frame, and rows and columns of zeros anywhere.

    Args:
        samples: H x W or H x W x C, as stored in the file, of the active area.
        black: black level; if it is 0, zeros may be intended and are only noted.
        white: saturation level.
        mosaic: whether the samples are a sensor's; merged images may have empty parts.

    Returns:
        notes on possible gaps.

    Raises:
        ReadError: pixel data is missing.
    """
    values = samples.reshape(*samples.shape[:2], -1)
    height = values.shape[0]
    equal = _equal_rows_at_the_end(values)
    if equal == height:
        raise ReadError(
            f"{name} contains no image: all pixels have the same value; the pixel data is missing or "
            "blank; copy it again"
        )
    dark = float(np.max(values[-1, -1])) < _SATURATED * white
    if mosaic and (equal > _NEARLY_ALL * height or (equal >= _MISSING_SHARE * height and dark)):
        raise ReadError(_damaged(name, equal / height, "rows"))
    rows, columns = _lines_of_zeros(values), _lines_of_zeros(values.swapaxes(0, 1))
    share, lines, what = max(
        (rows / height, rows, "rows"),
        (columns / values.shape[1], columns, "columns"),
        key=lambda each: each[0],
    )
    if mosaic and black > 0 and share >= _MISSING_SHARE:
        raise ReadError(_damaged(name, share, what))
    if mosaic and dark and equal > lines:
        share, lines, what = equal / height, equal, "rows"
    if lines >= _NOTED_LINES and (mosaic or share >= _NOTED_SHARE_OF_MERGED):
        return [f"{lines} {what} of the RAW file have one and the same value; the file may be incomplete"]
    return []


def refuse_pixels_beyond_the_end(data: Buffer, name: str) -> None:
    """Refuse a RAW file whose pixels would start after its end.

    LibRaw reads such pixels from memory that nothing was written to, so they can be anything.

    Args:
        data: the whole file.
        name: name of the file, for the message.

    Raises:
        ReadError: the container declares pixel data beyond the end of the file.
    """
    start = _start_of_pixels(data)
    if start is not None and start >= len(data):
        raise ReadError(
            f"{name} is truncated: its pixel data would start at byte {start:,}, but the file has "
            f"{len(data):,} bytes; copy it again"
        )


def _start_of_pixels(data: Buffer) -> int | None:
    """Offset of the largest image of a TIFF-structured RAW file or of a RAF; None if it is not declared."""
    head = bytes(data[:108])
    if head.startswith(b"FUJIFILMCCD-RAW") and len(head) == 108:
        return int(struct.unpack_from(">I", head, 100)[0])
    if not is_tiff(head):
        return None
    try:
        directories = list(_with_children(parse_tiff(data)))
    except FormatError:
        return None
    # Panasonic's own field is at the pixels of the sensor; the strip offset may have no meaning there.
    for code in (Tag.RawDataOffset, Tag.TileOffsets, Tag.StripOffsets):
        found = [
            (_pixels(page), int(offset[0])) for page in directories if (offset := numbers_of(page, code))
        ]
        if found:
            start = max(found)[1]
            return None if start in (0, _UNKNOWN_OFFSET) else start
    return None


def _with_children(directories: list[Directory]) -> Iterator[Directory]:
    for directory in directories:
        yield directory
        children = directory.get(Tag.SubIFDs)
        if children is not None:
            yield from (child for child in children.value if isinstance(child, dict))


def _pixels(page: Directory) -> float:
    width, height = numbers_of(page, Tag.ImageWidth), numbers_of(page, Tag.ImageLength)
    return float(width[0]) * float(height[0]) if width and height else 0.0


def _damaged(name: str, share: float, what: str) -> str:
    return (
        f"{name} is damaged: {100 * share:.0f} % of the {what} have one and the same value, so pixel data is "
        "missing; copy it again"
    )


def _equal_rows_at_the_end(values: np.ndarray) -> int:
    """Number of rows at the end that are equal to the last pixel; 0 for most intact frames."""
    last, equal = values[-1, -1], 0
    for row in values[::-1]:
        if not (row == last).all():
            break
        equal += 1
    return equal


def _lines_of_zeros(values: np.ndarray) -> int:
    """Number of rows of H x W x C values that are all zeros."""
    few = values[:, :: max(1, values.shape[1] // _PROBES)]
    candidates = np.flatnonzero(~few.any(axis=(1, 2)))
    return sum(not values[row].any() for row in candidates)
