"""Maximum lift of the dark areas of a photo."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from ..color.guided import box_mean
from ..color.highlights import smoothstep
from ..color.spaces import encode
from .local_exposure import MOST_EV
from .noise_estimate import DetailNoise
from .planes import GuidedFit, block_mean

__all__ = ["darkness", "frame_weight", "lift_map"]

# Minimum share of the frame that lamps cover, taken from the brightest pixels.
_LAMP_SHARE = 0.0005
# Linear brightness of that share above which there are lamps.
_LAMP_FROM, _LAMP_FULL = 0.25, 0.6
# Median brightness of the frame, EV relative to white, above which it is well lit, and below which it is
# dark.
_LIT_EV, _DARK_EV = -4.5, -5.7
# The same for lifting. Between both, lamps need no correction, but half-lit rooms and dusk have dark areas.
_LIFT_NONE_EV, _LIFT_FULL_EV = -3.9, -5.25
# Signal-to-noise ratio of a pixel up to which it has no signal, and from which it has.
_NO_SIGNAL, _SIGNAL = 1.5, 4.0
# Contrast between neighbors, EV, of a uniform sky, and of objects.
_EVEN_EV, _THINGS_EV = 0.04, 0.18
_MOST_CONTRAST_EV = 1.0
# The noise of some areas is greater than the measured one, which is that of the flattest areas.
_NOISE_MARGIN = 1.75
_SKY_SHARE = 0.08
# Brightness in the photo up to which areas determine the lift around them, and from which they hardly do.
_GROUND_EV, _LAMP_EV, _LEAST_SHARE = -5.0, -3.0, 0.02
_MEDIAN = 9
_RADIUS, _SIGNAL_RADIUS, _EPSILON = 14, 3, 0.01
_DARKEST = np.float32(2.0**-13)


def lift_map(thumbnail: np.ndarray, noise: DetailNoise, averaged: float, frame: float) -> np.ndarray:
    """Maximum lift of each pixel, EV, from 0 to `MOST_EV`.

    Args:
        thumbnail: maximum channel of the dark photo, h x w, linear light.
        noise: noise of the photo's pixels.
        averaged: number of photo pixels per thumbnail pixel.
        frame: weight of the frame, see `frame_weight`.
    """
    if frame == 0.0:
        return np.zeros((1, 1), np.float32)
    octaves = np.log2(np.maximum(thumbnail, _DARKEST))
    level = encode(thumbnail, "srgb")
    sigma = noise.at(level)
    signal = smoothstep(_NO_SIGNAL, _SIGNAL, level / sigma)
    # Contribution of averaged noise to the contrast between neighbors: sigma / level is about EV / (2.4 ln
    # 2).
    spread = sigma / np.maximum(level, np.float32(1e-3)) * np.float32(2.4 / np.log(2) / np.sqrt(averaged))
    # Foliage and walls far from lamps stand out from the noise only in larger pixels.
    coarse = _contrast_without_noise(block_mean(octaves, 2), block_mean(spread, 2) / 2, _MEDIAN // 2 + 1)
    coarse = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)[: octaves.shape[0], : octaves.shape[1]]
    contrast = np.maximum(_contrast_without_noise(octaves, spread, _MEDIAN), coarse)
    things = smoothstep(_EVEN_EV, _THINGS_EV, contrast)
    weight = _SKY_SHARE + (1.0 - _SKY_SHARE) * things
    # Lamps are not lifted in any case, but would determine the fit around them.
    dark = 1.0 - smoothstep(_GROUND_EV, _LAMP_EV, octaves)
    guide = octaves / 8.0
    smooth = GuidedFit.of(weight, guide, _RADIUS, _EPSILON, dark + _LEAST_SHARE).of_guide(guide)
    smooth *= GuidedFit.of(signal, guide, _SIGNAL_RADIUS, _EPSILON).of_guide(guide)
    return np.asarray(smooth * np.float32(frame * MOST_EV), np.float32)


def frame_weight(light: np.ndarray) -> float:
    """1 if a frame is dark and has lamps, 0 if it has none or is well lit.

    Args:
        light: maximum channel of pixels of the whole frame, any shape, linear light.
    """
    count = max(1, round(_LAMP_SHARE * light.size))
    brightest = float(np.partition(light.ravel(), -count)[-count])
    lamps = float(smoothstep(_LAMP_FROM, _LAMP_FULL, np.array(brightest)))
    return lamps * _below(light, _LIFT_FULL_EV, _LIFT_NONE_EV)


def darkness(light: np.ndarray) -> float:
    """1 if a frame is dark (median below -5.7 EV), 0 if it is well lit (above -4.5 EV)."""
    return _below(light, _DARK_EV, _LIT_EV)


def _below(light: np.ndarray, low: float, high: float) -> float:
    """1 if the median of linear light is below ``low`` EV, 0 if it is above ``high``."""
    median_ev = np.log2(max(float(np.median(light)), float(_DARKEST)))
    return 1.0 - float(smoothstep(low, high, np.array(median_ev)))


def _contrast_without_noise(octaves: np.ndarray, spread: np.ndarray, size: int) -> np.ndarray:
    """Differences of pixels from the mean of 3 x 3, EV, beyond those that noise makes.

    It is an approximate median, which ignores single edges but not texture. Independent contributions to a
    deviation add as squares.

    Args:
        octaves: brightness, EV.
        spread: contribution of noise, EV.
        size: side of the neighborhoods, odd.
    """
    contrast = np.abs(octaves - box_mean(octaves.astype(np.float64), 1)) * 1.5
    scale = 255 / _MOST_CONTRAST_EV
    image = Image.fromarray(np.rint(np.minimum(contrast * scale, 255)).astype(np.uint8))
    ranked = image.filter(ImageFilter.RankFilter(size, size * size * 45 // 100))
    median = np.asarray(ranked, np.float32) / np.float32(scale)
    return np.asarray(np.sqrt(np.maximum(median**2 - (_NOISE_MARGIN * spread) ** 2, 0.0)), np.float32)
