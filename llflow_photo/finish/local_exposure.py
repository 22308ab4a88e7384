"""Lifting of shadows in lamp-lit frames, without halos.

The maximum lift is determined once per photo from the dark photo (`lift.lift_map`): frames must be dark with
lamps, and areas must have signal above the noise and be neither sky nor empty. The lift of a pixel is a
function of the smoothed brightness of the rendering, which follows the edges of the rendering. It is thus a
tone curve, which cannot overshoot, except that the contrast of texture is preserved.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

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
_LIFTS, _LEVELS = 17, 512


@dataclass(frozen=True)
class LocalExposure:
    """Local exposure factor of a rendering.

    Attributes:
        brightness: smoothed brightness of the rendering, as a function of its maximum channel.
        lift_ev: maximum lift, quarter size, h x w float32, EV.
    """

    brightness: GuidedFit
    lift_ev: np.ndarray

    @classmethod
    def of(cls, peak: np.ndarray, lift_ev: np.ndarray) -> LocalExposure:
        """
        Args:
            peak: maximum channel of the rendering, quarter size, h x w, sRGB-encoded in [0, 1].
            lift_ev: maximum lift of each pixel, h x w, EV, up to `MOST_EV`.
        """
        return cls(GuidedFit.of(peak, peak, _RADIUS, _EPSILON), lift_ev)

    def factor(self, peak: np.ndarray, rows: slice) -> np.ndarray:
        """Factor of the encoded values of rows.

        Args:
            peak: maximum channel of these rows, rows x W, sRGB-encoded in [0, 1].
        """
        level = self.brightness.at(peak, rows)
        lift = interpolated(
            self.lift_ev, quarter_places(rows.start, rows.stop), quarter_places(0, peak.shape[1])
        )
        lift *= np.float32((_LIFTS - 1) / MOST_EV)
        np.clip(level, 0.0, 1.0, out=level)
        level *= np.float32(_LEVELS - 1)
        table = _factors()
        i, j = np.minimum(lift.astype(np.int32), _LIFTS - 2), np.minimum(level.astype(np.int32), _LEVELS - 2)
        lift -= i
        level -= j
        place = i * _LEVELS + j
        low = table[place] + (table[place + 1] - table[place]) * level
        place += _LEVELS
        high = table[place] + (table[place + 1] - table[place]) * level
        return np.asarray(low + (high - low) * lift)


@lru_cache(maxsize=1)
def _factors() -> np.ndarray:
    """Factors of encoded values by lift (0 to `MOST_EV`) and brightness (0 to 1, encoded), flattened."""
    level = np.maximum(np.linspace(0, 1, _LEVELS, dtype=np.float32), np.float32(1e-4))
    lift = np.linspace(0, MOST_EV, _LIFTS, dtype=np.float32)[:, None]
    linear = decode(level, "srgb")
    taken = 1.0 - smoothstep(float(np.log2(_DARK)), float(np.log2(_BRIGHT)), np.log2(linear))
    return np.asarray(encode(linear * np.exp2(lift * taken), "srgb") / level, np.float32).ravel()
