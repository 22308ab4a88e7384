"""Note on colors that are clipped when a photo is written in a smaller color space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..color.spaces import SRGB, ColorSpace, by_name, convert
from ..photo import Photo

__all__ = ["clipped_colors", "gamut_notes"]

# In values encoded by the sRGB curve. Colors of dark pixels, which noise moves out of any space, and
# smaller distances from a space are hardly visible.
_BRIGHT, _BELOW, _ABOVE = 0.25, -0.06, 1.04
# Share of the pixels from which a note is given.
_SHARE = 0.01
_MAX_SAMPLES = 1 << 20
_WIDER = ("display-p3", "prophoto")


def gamut_notes(photo: Photo, space: ColorSpace, *, fixed: bool = False) -> list[str]:
    """Note on the share of the pixels whose colors are visibly clipped in the output's color space.

    Args:
        photo: photo to write.
        space: color space of the output file.
        fixed: whether the format has no other color space.
    """
    share = clipped_colors(photo, space)
    if share < _SHARE:
        return []
    wider = next((name for name in _WIDER if clipped_colors(photo, by_name(name)) < _SHARE), _WIDER[-1])
    place = "another format with color_space" if fixed else "color_space"
    return [
        f"{100 * share:.0f} % of the pixels have colors outside {space.name}, which were clipped; {place} "
        f"{wider} (--color-space) keeps them"
    ]


def clipped_colors(photo: Photo, space: ColorSpace) -> float:
    """Share of the pixels that are visibly outside a color space, 0 to 1. Highlights do not count."""
    own = photo.color_space
    if (own.primaries, own.white) == (space.primaries, space.white):
        return 0.0
    step = max(1, int(np.ceil(np.sqrt(photo.width * photo.height / _MAX_SAMPLES))))
    pixels = np.ascontiguousarray(photo.pixels[::step, ::step])
    values = convert(pixels, own, replace(space, transfer=SRGB.transfer))
    greatest = values.max(axis=-1)
    outside = (values.min(axis=-1) < _BELOW) & (greatest > _BRIGHT)
    outside |= (greatest > _ABOVE) & (pixels.max(axis=-1) <= 1)
    return float(outside.mean())
