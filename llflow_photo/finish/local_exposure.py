"""Lifting of shadows in lamp-lit frames, without halos.

The maximum lift is determined once per photo from the dark photo (`lift.lift_map`): frames must be dark with
lamps, and areas must have signal above the noise and be neither sky nor empty. Areas that the network leaves
dark are lifted less, as pictures may be meant to be dark. The lift of a pixel is a
function of the smoothed brightness of the rendering, which follows the edges of the rendering. It is thus a
tone curve, which cannot overshoot, except that the contrast of texture is preserved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..color.guided import box_mean
from ..color.highlights import smoothstep
from ..color.spaces import decode, encode
from .planes import GuidedFit, interpolated, quarter_places

__all__ = ["MOST_EV", "LocalExposure"]

MOST_EV = 3.0
"""Maximum lift of dark areas at ``local_exposure`` 1, EV."""
# Brightness of the rendering, linear light, up to which the lift is complete, and from which there is none.
_DARK, _BRIGHT = 0.015, 0.40
_RADIUS = 3  # quarter-size pixels
_EPSILON = 3e-4
_BLACK = np.float32(1e-4)
# Mean gain of dark areas by the network up to which they were as dark as meant, and from which they were not;
# and the share of the lift for the former.
_GAIN_EV, _LEAST_SHARE = (0.5, 1.3), 0.65
_GAIN_RADIUS = 12  # quarter-size pixels
_FLOOR, _TINY = np.float32(2.0**-11), np.float32(1e-3)


@dataclass(frozen=True)
class LocalExposure:
    """Local exposure factor of a rendering.

    Attributes:
        brightness: smoothed brightness of the rendering, as a function of its maximum channel.
        lift_ev: maximum lift, after comparison with the photo, quarter size, h x w float32, EV.
    """

    brightness: GuidedFit
    lift_ev: np.ndarray

    @classmethod
    def of(
        cls, peak: np.ndarray, photo: np.ndarray, lift_ev: np.ndarray, steps: Iterator[int] | None = None
    ) -> LocalExposure:
        """
        Args:
            peak: maximum channel of the rendering, quarter size, h x w, sRGB-encoded in [0, 1].
            photo: that of the photo.
            lift_ev: maximum lift of each pixel, h x w, EV, up to `MOST_EV`.
            steps: advanced before each of two steps, to follow and to cancel them.
        """
        steps = steps or iter(range(2))
        next(steps)
        share = _LEAST_SHARE + (1.0 - _LEAST_SHARE) * _brightened(peak, photo)
        next(steps)
        return cls(GuidedFit.of(peak, peak, _RADIUS, _EPSILON), lift_ev * share)

    def factor(self, peak: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
        """Factor of the encoded values of a part of the rendering: rows x columns float32.

        Args:
            peak: maximum channel of the part, sRGB-encoded in [0, 1].
        """
        level = self.brightness.at(peak, rows, columns)
        np.clip(level, _BLACK, np.float32(1.0), out=level)
        lift = interpolated(
            self.lift_ev, quarter_places(rows.start, rows.stop), quarter_places(columns.start, columns.stop)
        )
        light = decode(level, "srgb")
        lift *= _share_of_lift(light)
        light *= np.exp2(lift, out=lift)
        factor = encode(light, "srgb")
        factor /= level
        return factor


def _brightened(rendering: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Weight of areas that the network made brighter, and that were thus too dark: h x w float32.

    Args:
        rendering, photo: maximum channel, sRGB-encoded in [0, 1].
    """
    after, before = decode(rendering, "srgb"), decode(photo, "srgb")
    dark = (_share_of_lift(np.maximum(after, _BLACK)) + _TINY).astype(np.float64)
    gain_ev = dark * np.log2((after + _FLOOR) / (before + _FLOOR))
    return smoothstep(*_GAIN_EV, box_mean(gain_ev, _GAIN_RADIUS) / box_mean(dark, _GAIN_RADIUS))


def _share_of_lift(light: np.ndarray) -> np.ndarray:
    """Share of the lift by linear light: 1 up to `_DARK`, 0 from `_BRIGHT`."""
    return np.asarray(1.0 - smoothstep(float(np.log2(_DARK)), float(np.log2(_BRIGHT)), np.log2(light)))
