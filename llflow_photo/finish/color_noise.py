"""Reduction of color noise in deep shadows: smoothing, and desaturation where there was no light.

Color is smoothed by a guided filter, which preserves edges of the rendering's brightness. Noise that is
clipped at black has a mean above black, 0.40 of its standard deviation for a normal distribution, to which
white balance adds color. Where the photo is hardly brighter than this, its color is noise and is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..color.guided import box_mean
from ..color.highlights import smoothstep
from .planes import LUMA, QUARTER, GuidedFit, dilated, interpolated, luma, quarter_places

__all__ = ["ChromaCorrection", "empty_weight", "noisy_weight", "without_color"]

# Signal-to-noise ratio of pixels up to which color is noise, and from which it is not.
_NOISY, _CLEAN = 1.2, 4.0
_RADIUS = 8  # quarter-size pixels
_EPSILON = 4e-4
# Brightness, relative to black, of areas without light, and of areas with some.
_NO_LIGHT, _LIGHT = 1.13, 1.25
_EMPTY_RADIUS, _NEAR_RADIUS = 4, 1  # quarter-size pixels


@dataclass(frozen=True)
class ChromaCorrection:
    """Color correction of a rendering; quarter size, h x w float32.

    Attributes:
        red: offset of red minus luma, sRGB-encoded.
        blue: offset of blue minus luma, sRGB-encoded.
    """

    red: np.ndarray
    blue: np.ndarray

    @classmethod
    def of(
        cls, rendering: np.ndarray, weight: np.ndarray, steps: Iterator[int] | None = None
    ) -> ChromaCorrection:
        """The correction of a rendering.

        Args:
            rendering: the rendering, h x w x 3, sRGB-encoded.
            weight: weight of smoothed color, 0 to 1, h x w, see `noisy_weight`.
            steps: advanced before each of two steps, to follow and to cancel them.
        """
        gray = luma(rendering)
        offsets = []
        for channel, _ in zip((0, 2), steps or range(2), strict=False):
            plane = rendering[..., channel] - gray
            offsets.append(weight * (_smooth(plane, gray) - plane))
        return cls(*offsets)

    def apply(self, planes: np.ndarray, rows: slice, columns: slice) -> None:
        """Correct the color of a part of the rendering in place, and leave its luma.

        Args:
            planes: 3 x rows x columns float32, sRGB-encoded; clipped to [0, 1].
        """
        down, across = quarter_places(rows.start, rows.stop), quarter_places(columns.start, columns.stop)
        offset = interpolated(self.red, down, across)
        planes[0] += offset
        offset *= np.float32(LUMA[0] / LUMA[1])
        planes[1] -= offset
        offset = interpolated(self.blue, down, across)
        planes[2] += offset
        offset *= np.float32(LUMA[2] / LUMA[1])
        planes[1] -= offset
        np.clip(planes, 0.0, 1.0, out=planes)


def noisy_weight(signal_to_noise: np.ndarray) -> np.ndarray:
    """Weight of areas whose color is noise, by the signal-to-noise ratio of the photo's pixels, any shape."""
    return np.asarray(1.0 - smoothstep(_NOISY, _CLEAN, signal_to_noise))


def without_color(empty: np.ndarray, encoded: np.ndarray, rows: slice) -> np.ndarray:
    """Rows of a picture, gray in areas without light: a new array, or ``encoded`` if there are none.

    Args:
        empty: weight of gray, 0 to 1, quarter size, of the whole picture, see `empty_weight`.
        encoded: rows x W x 3 float32, sRGB-encoded; values outside [0, 1] are kept.
        rows: the rows.
    """
    if not empty[max(0, rows.start // QUARTER - 1) : rows.stop // QUARTER + 2].any():
        return encoded
    weight = interpolated(empty, quarter_places(rows.start, rows.stop), quarter_places(0, encoded.shape[1]))
    gray = np.maximum(luma(encoded), np.float32(0.0))  # noise below black
    return np.asarray(encoded + weight[..., None] * (gray[..., None] - encoded))


def empty_weight(level: np.ndarray, black: float) -> np.ndarray:
    """Weight of areas that are hardly brighter than noise clipped at black.

    The mean of a large window decides, also for the pixels near its border: a bright area raises the means
    around its edge. Pixels near the border become gray if a small window around them has no light either.

    Args:
        level: luma of the photo in linear light, quarter size, h x w.
        black: its mean where there is no light, see `color.shadow_curve.ShadowCurve`.
    """
    plane = level.astype(np.float64) / black
    wide, near = (
        1.0 - smoothstep(_NO_LIGHT, _LIGHT, box_mean(plane, radius).astype(np.float32))
        for radius in (_EMPTY_RADIUS, _NEAR_RADIUS)
    )
    if not wide.any():
        return np.asarray(wide)
    weight = np.maximum(wide, near * dilated(wide, _EMPTY_RADIUS))
    return box_mean(weight.astype(np.float64), _NEAR_RADIUS).astype(np.float32)


def _smooth(plane: np.ndarray, guide: np.ndarray) -> np.ndarray:
    fit = GuidedFit.of(plane, guide, _RADIUS, _EPSILON)
    return np.asarray(fit.slope * guide + fit.offset, np.float32)
