"""Reduction of color noise in deep shadows: smoothing, and desaturation where there was no light.

Color is smoothed by a guided filter, which preserves edges of the rendering's brightness. Noise that is
clipped at black has a mean above black, 0.40 of its standard deviation for a normal distribution, to which
white balance adds color. Where the photo is not brighter than this, its color is noise and is removed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..color.guided import box_mean
from ..color.highlights import smoothstep
from ..color.noise_level import NoiseLevel
from .planes import LUMA, GuidedFit, interpolated, luma, quarter_places

__all__ = ["ChromaCorrection", "empty_weight"]

# Signal-to-noise ratio of pixels up to which color is noise, and from which it is not.
_NOISY, _CLEAN = 1.2, 4.0
_RADIUS = 8  # quarter-size pixels
_EPSILON = 4e-4
# Mean luma over noise, both linear, of areas without light (0.48 to 0.56 measured on simulated RAW files),
# and of areas with some.
_NO_LIGHT, _LIGHT = 0.57, 0.7
_EMPTY_RADIUS = 4  # quarter-size pixels


@dataclass(frozen=True)
class ChromaCorrection:
    """Color correction of a rendering; quarter size, h x w float32.

    Attributes:
        red: offset of red minus luma, sRGB-encoded.
        blue: offset of blue minus luma, sRGB-encoded.
        saturation: factor of the differences from luma, applied after the offsets.
    """

    red: np.ndarray
    blue: np.ndarray
    saturation: np.ndarray

    @classmethod
    def of(
        cls,
        chroma: tuple[np.ndarray, np.ndarray],
        gray: np.ndarray,
        signal_to_noise: np.ndarray,
        empty: np.ndarray,
        amount: float,
    ) -> ChromaCorrection | None:
        """The correction of a rendering; None if nothing is noisy.

        Args:
            chroma: red minus luma and blue minus luma of the rendering, h x w, sRGB-encoded.
            gray: luma of the rendering, h x w, as guide.
            signal_to_noise: signal-to-noise ratio of the photo's pixels, h x w.
            empty: weight of areas without light, 0 to 1, h x w, see `empty_weight`.
            amount: strength of the correction, 0 to 1.
        """
        weight = (1.0 - smoothstep(_NOISY, _CLEAN, signal_to_noise)) * np.float32(amount)
        if not weight.any():
            return None
        red, blue = (weight * (_smooth(plane, gray) - plane) for plane in chroma)
        return cls(red, blue, 1.0 - empty * np.float32(amount))

    def applied(self, pixels: np.ndarray, rows: slice) -> np.ndarray:
        """Rows of the rendering, rows x W x 3, sRGB-encoded, with corrected color and unchanged luma."""
        down, across = quarter_places(rows.start, rows.stop), quarter_places(0, pixels.shape[1])
        red, blue, left = (interpolated(p, down, across) for p in (self.red, self.blue, self.saturation))
        out = np.array(pixels, np.float32)
        out[..., 0] += red
        out[..., 2] += blue
        out[..., 1] -= (red * np.float32(LUMA[0]) + blue * np.float32(LUMA[2])) / np.float32(LUMA[1])
        if float(left.min()) < 1.0:
            gray = luma(out)[..., None]
            out -= gray
            out *= left[..., None]
            out += gray
        return np.clip(out, 0.0, 1.0, out=out)


def empty_weight(level: np.ndarray, noise: NoiseLevel) -> np.ndarray:
    """Weight of areas that are not brighter than the mean of noise clipped at black.

    Args:
        level: luma of the photo in linear light, quarter size, h x w.
        noise: noise of the photo's pixels.
    """
    mean = box_mean(level.astype(np.float64), _EMPTY_RADIUS).astype(np.float32)
    ratio = mean / np.maximum(noise.at(mean), np.float32(1e-6))
    return np.asarray(1.0 - smoothstep(_NO_LIGHT, _LIGHT, ratio))


def _smooth(plane: np.ndarray, guide: np.ndarray) -> np.ndarray:
    fit = GuidedFit.of(plane, guide, _RADIUS, _EPSILON)
    return np.asarray(fit.slope * guide + fit.offset, np.float32)
