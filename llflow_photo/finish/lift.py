"""Where the dark places of a photo deserve more exposure than the whole frame got."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from ..color.guided import box_mean
from ..color.highlights import smoothstep
from ..color.spaces import encode
from .local_exposure import MOST_EV
from .noise_estimate import DetailNoise
from .planes import GuidedFit

__all__ = ["darkness", "frame_weight", "lift_map"]

# Share of the frame that lamps cover at least, of the brightest pixels.
_LAMP_SHARE = 0.0005
# Linear brightness of that share from which there are lamps.
_LAMP_FROM, _LAMP_FULL = 0.25, 0.6
# Brightness of the frame's median, EV below white, up to which it is as lit as it should be, and from which
# it is dark.
_LIT_EV, _DARK_EV = -4.5, -5.7
# Brightness over noise of one pixel that counts as no signal, and as signal.
_NO_SIGNAL, _SIGNAL = 1.5, 4.0
# Contrast between neighbors, EV, of an even sky, and of things.
_EVEN_EV, _THINGS_EV = 0.04, 0.14
_SKY_SHARE = 0.15
_MEDIAN = 9
_RADIUS, _EPSILON = 14, 0.01
_DARKEST = np.float32(2.0**-13)


def lift_map(thumbnail: np.ndarray, noise: DetailNoise, averaged: float, frame: float) -> np.ndarray:
    """Most lift of each place, EV, from 0 to `MOST_EV`.

    Args:
        thumbnail: greatest channel of the dark photo, h x w, linear light.
        noise: of the photo's pixels.
        averaged: how many pixels each of the thumbnail's averages.
        frame: weight of the frame, see `frame_weight`.
    """
    if frame == 0.0:
        return np.zeros((1, 1), np.float32)
    octaves = np.log2(np.maximum(thumbnail, _DARKEST))
    level = encode(thumbnail, "srgb")
    sigma = noise.at(level)
    signal = smoothstep(_NO_SIGNAL, _SIGNAL, level / sigma)
    # What noise, averaged, adds to the contrast between neighbors: sigma / level is EV / (2.4 ln 2) or so.
    spread = sigma / np.maximum(level, np.float32(1e-3)) * np.float32(2.4 / np.log(2) / np.sqrt(averaged))
    things = smoothstep(_EVEN_EV, _THINGS_EV, _contrast(octaves) - 2.0 * spread)
    weight = signal * (_SKY_SHARE + (1.0 - _SKY_SHARE) * _robust(things))
    fit = GuidedFit.of(weight, octaves / 8.0, _RADIUS, _EPSILON)
    smooth = np.clip(fit.slope * (octaves / 8.0) + fit.offset, 0.0, 1.0)
    return np.asarray(smooth * np.float32(frame * MOST_EV), np.float32)


def frame_weight(light: np.ndarray) -> float:
    """1 where lamps keep a frame dark, 0 where it has none or is well lit.

    Args:
        light: greatest channel of pixels all over the frame, any shape, linear light.
    """
    count = max(1, round(_LAMP_SHARE * light.size))
    brightest = float(np.partition(light.ravel(), -count)[-count])
    lamps = float(smoothstep(_LAMP_FROM, _LAMP_FULL, np.array(brightest)))
    return lamps * darkness(light)


def darkness(light: np.ndarray) -> float:
    """1 where a frame is dark (median below -5.7 EV), 0 where it is well lit (above -4.5 EV)."""
    median_ev = np.log2(max(float(np.median(light)), float(_DARKEST)))
    return 1.0 - float(smoothstep(_DARK_EV, _LIT_EV, np.array(median_ev)))


def _contrast(octaves: np.ndarray) -> np.ndarray:
    """Difference of each pixel from the mean of 3 x 3, EV."""
    return np.asarray(np.abs(octaves - box_mean(octaves.astype(np.float64), 1)) * 1.5, np.float32)


def _robust(weight: np.ndarray) -> np.ndarray:
    """About the median of neighborhoods: an edge through an even place does not count, texture does."""
    image = Image.fromarray(np.rint(weight * 255).astype(np.uint8))
    size = _MEDIAN
    ranked = image.filter(ImageFilter.RankFilter(size, size * size * 45 // 100))
    return np.asarray(ranked, np.float32) / np.float32(255)
