"""Whether a RAW file's pixel data is there at all."""

from __future__ import annotations

import numpy as np

from ..errors import ReadError

__all__ = ["refuse_missing_pixels"]

# Sensors see noise even in the dark: equal rows to the end of the frame were never written. Highlights may be
# equal in earnest, so such rows count only below this share of white, or where nearly all are equal.
_MISSING_ROWS = 0.5
_NEARLY_ALL = 0.98
_SATURATED = 0.98
_NOTED_ROWS = 8


def refuse_missing_pixels(samples: np.ndarray, name: str, *, white: float, mosaic: bool) -> list[str]:
    """Refuse frames that are constant, and mosaics of which half is; note where fewer rows are.

    Args:
        samples: H x W or H x W x C, as the file holds them.
        white: their saturation level.
        mosaic: whether they come from a sensor as they are; merged pictures may have empty parts.

    Returns:
        notes on what may be missing.

    Raises:
        ReadError: saying what is missing.
    """
    last = samples[-1].reshape(samples.shape[1], -1)[-1]
    # From the end: in an intact frame the last row already differs.
    equal = 0
    for row in range(samples.shape[0] - 1, -1, -1):
        if not (samples[row] == last).all():
            break
        equal += 1
    if equal == samples.shape[0]:
        raise ReadError(
            f"{name} holds no picture: all pixels have the same value; the pixel data is missing or blank"
        )
    share = equal / samples.shape[0]
    dark = float(np.max(last)) < _SATURATED * white
    if mosaic and (share > _NEARLY_ALL or (share > _MISSING_ROWS and dark)):
        raise ReadError(
            f"{name} is damaged: in the lower {100 * share:.0f} % of the frame all pixels have the same "
            "value, so pixel data is missing"
        )
    if mosaic and dark and equal >= _NOTED_ROWS:
        return [f"the lowest {equal} rows of the RAW file hold a single value; the file may be incomplete"]
    return []
