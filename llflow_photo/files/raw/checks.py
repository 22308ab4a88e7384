"""Checks that the pixel data of a RAW file is present."""

from __future__ import annotations

import numpy as np

from ...errors import ReadError

__all__ = ["refuse_missing_pixels"]

# Sensors have noise even in the dark, so equal rows up to the end of the frame were never written. Saturated
# rows may really be equal; they count only if nearly all rows are equal.
_MISSING_SHARE = 0.5
_NEARLY_ALL = 0.98
_SATURATED = 0.98
_NOTED_LINES = 8
# Merged images may have empty margins.
_NOTED_SHARE_OF_MERGED = 0.25
_PROBES = 16


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
