"""Color space declared by TIFF fields, without a profile. Source: TIFF 6.0, section 20."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...color.spaces import SRGB, ColorSpace, decode
from .directory import Directory
from .parse import numbers_of
from .tags import Tag

__all__ = ["declared_space", "with_corners"]

_NAME = "TIFF fields"
_DEFAULT_TRANSFER = "gamma:2.2"
# Tolerances for chromaticities and for linear light.
_SAME_CORNERS, _SAME_CURVE = 2e-3, 0.01


def declared_space(page: Directory, notes: list[str]) -> ColorSpace | None:
    """Color space of integer RGB samples; None if the fields declare sRGB or nothing.

    Args:
        page: directory of the image.
        notes: list to which notes on unsupported declarations are appended.
    """
    space = with_corners(page)
    table = np.array(numbers_of(page, Tag.TransferFunction), float)
    if table.size >= 256:
        transfer = _transfer_of(table[: table.size // 3] if _is_of_three(table.size) else table)
        if transfer is None:
            notes.append(
                "the transfer function that the TIFF declares is not supported; the default was used"
            )
        elif transfer != space.transfer:
            space = replace(space, name=_NAME, transfer=transfer)
    return None if space == SRGB else space


def _is_of_three(size: int) -> bool:
    """Whether a table has entries for three channels; the size of a single table is a power of two."""
    return size % 3 == 0


def with_corners(page: Directory) -> ColorSpace:
    """Color space of a page's primaries and white point, with TIFF's default gamma; sRGB if undeclared."""
    corners, white = numbers_of(page, Tag.PrimaryChromaticities), numbers_of(page, Tag.WhitePoint)
    if len(corners) != 6 or len(white) != 2 or not all(0 < value < 1 for value in (*corners, *white)):
        return SRGB
    known = (*(value for corner in SRGB.primaries for value in corner), *SRGB.white)
    if max(abs(a - b) for a, b in zip((*corners, *white), known, strict=True)) <= _SAME_CORNERS:
        return SRGB
    red, green, blue = ((corners[i], corners[i + 1]) for i in (0, 2, 4))
    return ColorSpace(_NAME, (red, green, blue), (white[0], white[1]), _DEFAULT_TRANSFER)


def _transfer_of(table: np.ndarray) -> str | None:
    """The named transfer curve that matches a table of linear light (65535 is white); None if none does."""
    x, light = np.linspace(0, 1, table.size), table / 65535.0
    middle = float(np.clip(light[table.size // 2], 1e-6, 1 - 1e-6))
    power = float(np.log(middle) / np.log(x[table.size // 2]))
    name = "linear" if abs(power - 1) < 0.01 else f"gamma:{power:.4g}"
    errors = {
        "srgb": np.abs(light - decode(x.astype(np.float32), "srgb")).max(),
        name: np.abs(light - x**power).max(),
    }
    best = min(errors, key=lambda each: float(errors[each]))
    return best if errors[best] <= _SAME_CURVE else None
