"""RGB color spaces and conversion between them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SRGB", "ColorSpace"]


@dataclass(frozen=True)
class ColorSpace:
    """An RGB space: primaries, white point and transfer curve.

    Attributes:
        name: as the user writes it, e.g. ``srgb``.
        primaries: CIE 1931 xy of red, green, blue.
        white: CIE 1931 xy of the white point.
        transfer: name of the curve, ``srgb``, ``linear``, or a power ``gamma:2.2``.
    """

    name: str
    primaries: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    white: tuple[float, float]
    transfer: str


_D65 = (0.3127, 0.3290)

SRGB = ColorSpace("srgb", ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), _D65, "srgb")
