"""Shadows of lamp-lit frames made visible, without halos.

How far a place may be lifted is decided once per photo from the dark photo (`lift_map`): where lamps keep the
frame dark, there is signal above the noise, and the place is neither sky nor empty. How much of that a pixel
takes falls with the brightness it was rendered with (`exposure_fit`); the factor is carried to full size by a
guided filter, which follows edges.
"""

from __future__ import annotations

import numpy as np

from ..color.highlights import smoothstep
from ..color.spaces import decode, encode
from .planes import GuidedFit

__all__ = ["MOST_EV", "exposure_fit"]

MOST_EV = 2.5
"""Lift of dark places at ``local_exposure`` 1, EV."""
# Rendered brightness, linear light, up to which the whole lift is taken, and from which none is.
_DARK, _BRIGHT = 0.01, 0.30
_RADIUS = 2
_EPSILON = 1e-3
_LEAST = np.float32(1e-3)


def exposure_fit(peak: np.ndarray, lift_ev: np.ndarray) -> GuidedFit:
    """Factor of the encoded rendering as a function of its greatest channel.

    Args:
        peak: greatest channel of the rendering, quarter size, h x w, sRGB-encoded in [0, 1].
        lift_ev: most lift of each place, h x w, EV.
    """
    level = np.maximum(peak, _LEAST)
    linear = decode(level, "srgb")
    octaves = np.log2(np.maximum(linear, np.float32(1e-6)))
    taken = 1.0 - smoothstep(np.log2(_DARK), np.log2(_BRIGHT), octaves)
    lifted = encode(linear * np.exp2(lift_ev * taken), "srgb")
    return GuidedFit.of(lifted / level, peak, _RADIUS, _EPSILON)
