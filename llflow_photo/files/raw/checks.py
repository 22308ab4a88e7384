"""Whether a RAW file's pixel data is there at all."""

from __future__ import annotations

import numpy as np

from ...errors import ReadError

__all__ = ["refuse_missing_pixels"]

# Sensors see noise even in the dark: equal rows to the end of the frame were never written. Highlights may be
# equal in earnest, so such rows count only below this share of white, or where nearly all are equal.
_MISSING_SHARE = 0.5
_NEARLY_ALL = 0.98
_SATURATED = 0.98
_NOTED_LINES = 8
# Merged pictures may have empty margins.
_NOTED_SHARE_OF_MERGED = 0.25
_PROBES = 16


def refuse_missing_pixels(
    samples: np.ndarray, name: str, *, black: float, white: float, mosaic: bool
) -> list[str]:
    """Refuse frames that are constant, and mosaics of which half is missing; note where less is.

    Rows that hold one value up to the end of the frame are missing, and rows and columns of zeros anywhere.

    Args:
        samples: H x W or H x W x C, as the file holds them, of the area that saw light.
        black: their black level; where it is 0, zeros may be meant, and are noted only.
        white: their saturation level.
        mosaic: whether they come from a sensor as they are; merged pictures may have empty parts.

    Returns:
        notes on what may be missing.

    Raises:
        ReadError: saying what is missing.
    """
    values = samples.reshape(*samples.shape[:2], -1)
    height = values.shape[0]
    equal = _equal_rows_at_the_end(values)
    if equal == height:
        raise ReadError(
            f"{name} holds no picture: all pixels have the same value; the pixel data is missing or "
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
        return [f"{lines} {what} of the RAW file hold one and the same value; the file may be incomplete"]
    return []


def _damaged(name: str, share: float, what: str) -> str:
    return (
        f"{name} is damaged: {100 * share:.0f} % of the {what} hold one and the same value, so pixel data is "
        "missing; copy it again"
    )


def _equal_rows_at_the_end(values: np.ndarray) -> int:
    """In an intact frame the last row already differs."""
    last, equal = values[-1, -1], 0
    for row in values[::-1]:
        if not (row == last).all():
            break
        equal += 1
    return equal


def _lines_of_zeros(values: np.ndarray) -> int:
    """How many rows of H x W x C values hold nothing but zeros."""
    few = values[:, :: max(1, values.shape[1] // _PROBES)]
    candidates = np.flatnonzero(~few.any(axis=(1, 2)))
    return sum(not values[row].any() for row in candidates)
