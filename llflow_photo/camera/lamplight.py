"""Illumination by a few lamps: pools of light, and the dark between them.

As in `light`, illumination is a function of position, in units of the frame's longer side, and of the scene's
color at that position, so that a crop and a thumbnail of a frame agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["LampLight", "Pool", "sky_share"]

Shape = Literal["round", "rectangle", "beam"]

_SKY_LUMINANCE = (0.15, 0.45)
"""Linear light of a clean photo between which a bluish pixel changes from blue object to sky."""
_UNLIT = 2.5
"""Stops by which pools light a blue sky less; more would show the steps of 8-bit photos as contours."""


@dataclass(frozen=True)
class Pool:
    """Light of a lamp, window or screen on the scene, decreasing monotonically from its center.

    Attributes:
        x: position of the center, or of the origin of a beam.
        y: the same, vertical.
        along: radius along ``angle``; half the length of a rectangle; reach of a beam.
        across: radius across it; half the width of a rectangle; half the width of a beam at its origin.
        angle: radians from the x axis towards y.
        level: light at the brightest point.
        color: linear sRGB, mean 1.
        shape: ``round``, ``(1 + q)^-1.5`` with q the squared distance in radii, like a lamp above a floor;
            ``rectangle``, ``1 / (1 + u^4 + v^4)``; ``beam``, which widens and decreases by the inverse
            square.
    """

    x: float
    y: float
    along: float
    across: float
    angle: float = 0.0
    level: float = 1.0
    color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shape: Shape = "round"

    def light(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Light at columns ``x`` (W) and rows ``y`` (H): H x W, float32, 0 to ``level``."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        dx, dy = (x - self.x)[None, :], (y - self.y)[:, None]
        u = ((dx * cosine + dy * sine) / self.along).astype(np.float32)
        v = ((dy * cosine - dx * sine) / self.across).astype(np.float32)
        level = np.float32(self.level)
        if self.shape == "rectangle":
            return np.asarray(level / (1 + _fourth(u) + _fourth(v)))
        if self.shape == "beam":
            ahead = np.maximum(u, np.float32(0.0))
            width = 1 + np.float32(_BEAM_WIDENING * self.along / self.across) * ahead
            behind = u - ahead  # 0 in front; the housing of the lamp blocks most light behind
            back = behind * np.float32(self.along / self.across)
            aside = 1 + np.square(v / width) + back * back
            return np.asarray(level / (aside * aside * (1 + 9 * ahead * ahead)))
        far = 1 + u * u + v * v
        return np.asarray(level / (far * np.sqrt(far)))


_BEAM_WIDENING = 0.35


@dataclass(frozen=True)
class LampLight:
    """Illumination of a frame by a few pools of light, relative to the brightest pool.

    Attributes:
        pools: the pools of light.
        ambient: light everywhere, a small fraction of that of a pool.
        ambient_color: linear sRGB, mean 1.
        sky: 0 to 1, reduction of the light of pools on blue sky, relative to other objects.
        deepest: stops by which a reference is at most darker than its pools, where there is light to lift.
        kept_color: exponent of the light's color in a reference, 0 (removed) to 1 (unchanged).
    """

    pools: tuple[Pool, ...]
    ambient: float
    ambient_color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    sky: float = 0.0
    deepest: float = 2.25
    kept_color: float = 0.85

    def light(self, scene: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Factors of the scene's light, H x W x 3, float32.

        Args:
            scene: H x W x 3, linear sRGB, the clean photo.
            x: W positions of the columns.
            y: H positions of the rows.
        """
        light = np.zeros((3, len(y), len(x)), np.float32)
        for pool in self.pools:
            gray = pool.light(x, y)
            for channel, factor in enumerate(pool.color):
                light[channel] += np.float32(factor) * gray
        if self.sky > 0:
            light *= np.exp2(np.float32(-_UNLIT * self.sky) * sky_share(scene))
        light += np.float32(self.ambient) * np.array(self.ambient_color, np.float32)[:, None, None]
        return light.transpose(1, 2, 0)


def sky_share(scene: np.ndarray) -> np.ndarray:
    """Similarity of a clean photo's pixels to blue sky: linear sRGB H x W x 3 to H x W in [0, 1].

    It increases slowly with saturation, because it multiplies the quantization steps and noise of the photo.
    """
    red, blue = scene[..., 0], scene[..., 2]
    low, high = _SKY_LUMINANCE
    bright = np.clip((blue - np.float32(low)) / np.float32(high - low), 0, 1)
    bluish = np.clip((blue - np.float32(1.1) * red) / (np.float32(0.8) * blue + np.float32(1e-3)), 0, 1)
    return np.asarray(bright * bluish, np.float32)


def _fourth(values: np.ndarray) -> np.ndarray:
    square = values * values
    return np.asarray(square * square)
