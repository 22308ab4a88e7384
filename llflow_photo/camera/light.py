"""Light in a frame: smooth uneven illumination, and visible lamps with their halos.

All are functions of position, so that a crop and a thumbnail of a frame agree. Positions are in
units of the frame's longer side: ``x`` to the right, ``y`` down, from 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Lamp", "Shade", "Unevenness", "lamp_light", "random_lamp", "random_unevenness"]

LAMP_COLORS = (
    (1.0, 0.90, 0.78),  # warm white
    (1.0, 0.78, 0.50),  # tungsten
    (1.0, 0.62, 0.22),  # sodium
    (0.85, 0.95, 1.0),  # cold LED
    (0.75, 1.0, 0.85),  # mercury
    (1.0, 0.16, 0.12),  # red sign
    (0.15, 1.0, 0.35),  # green sign
    (0.20, 0.35, 1.0),  # blue sign
    (1.0, 0.25, 0.85),  # pink neon
)
"""Linear sRGB."""

_CUT = 1.5
"""Light of a lamp, in units of white, above which a sensor records colored lamps as white."""


@dataclass(frozen=True)
class Shade:
    """A deep shadow: a Gaussian of ``radius`` at ``x``, ``y``, darker by ``stops``."""

    x: float
    y: float
    radius: float
    stops: float


@dataclass(frozen=True)
class Unevenness:
    """Smoothly uneven, possibly colored illumination, in stops relative to the frame's mean.

    Attributes:
        waves: 3 x N x N coefficients of ``cos(i pi y) cos(j pi x)`` for red, green, blue.
        shades: additional deep shadows.
    """

    waves: np.ndarray
    shades: tuple[Shade, ...] = ()

    def stops(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Stops at columns ``x`` (W) and rows ``y`` (H): H x W x 3, float32."""
        order = np.arange(self.waves.shape[1])
        across = np.cos(math.pi * order[:, None] * x[None, :])
        down = np.cos(math.pi * y[:, None] * order[None, :])
        result = (down @ self.waves @ across).transpose(1, 2, 0)
        for shade in self.shades:
            bell = np.exp(-(((x - shade.x) / shade.radius) ** 2))[None, :]
            bell = bell * np.exp(-(((y - shade.y) / shade.radius) ** 2))[:, None]
            result = result - (shade.stops * bell)[..., None]
        return np.asarray(result, np.float32)


@dataclass(frozen=True)
class Lamp:
    """A visible light source: a core far above white, and its halo (lens and haze).

    Attributes:
        radius: radius of the core.
        core: light of the core, in units of white.
        halo: light at the center of the halo, in units of white.
        spread: radius at which the halo has 0.35 of its central light.
        color: linear sRGB.
    """

    x: float
    y: float
    radius: float
    core: float
    halo: float
    spread: float
    color: tuple[float, float, float]

    def averaged(self, side: float) -> Lamp:
        """The lamp averaged over squares of ``side``, in units of the frame's longer side.

        The core is clipped at white, like by the sensor, and covers at least a square.
        """
        radius = math.hypot(self.radius, side / math.sqrt(math.pi))
        core = min(self.core, _CUT) * (self.radius / radius) ** 2
        spread = math.hypot(self.spread, side / math.sqrt(math.pi))
        return replace(
            self, radius=radius, core=core, halo=self.halo * (self.spread / spread) ** 2, spread=spread
        )


def lamp_light(lamps: tuple[Lamp, ...], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Light that lamps add at columns ``x`` (W) and rows ``y`` (H): H x W x 3, linear sRGB, 1 = white."""
    light = np.zeros((len(y), len(x), 3), np.float32)
    for lamp in lamps:
        square = ((x - lamp.x) ** 2)[None, :] + ((y - lamp.y) ** 2)[:, None]
        square = square.astype(np.float32)
        far = 1 + square * np.float32(1 / lamp.spread**2)
        gray = np.float32(lamp.halo) / (far * np.sqrt(far))
        if lamp.core > 0:
            near = np.square(square * np.float32(1 / lamp.radius**2))
            gray += np.float32(lamp.core) / (1 + near * near)
        for channel, factor in enumerate(lamp.color):
            light[..., channel] += np.float32(factor) * gray
    return light


def random_unevenness(
    random: np.random.Generator, colored: bool, shadows: int, width: float, height: float
) -> Unevenness:
    """Random low-frequency waves of about a stop, tints of about a quarter, and shadows of 2 to 6 stops."""
    order = np.arange(3)
    falloff = 1.0 / (1.0 + order[:, None] + order[None, :])
    gray = random.normal(0.0, 1.2, (3, 3)) * falloff
    waves = np.stack([gray, gray, gray])
    if colored:
        tint = random.normal(0.0, 0.5, (3, 3, 3)) * falloff
        waves += tint - tint.mean(0)
    waves[:, 0, 0] = 0.0  # the mean belongs to the exposure
    shades = tuple(
        Shade(
            float(random.uniform(0, width)),
            float(random.uniform(0, height)),
            float(random.uniform(0.1, 0.4)),
            float(random.uniform(2.0, 6.0)),
        )
        for _ in range(shadows)
    )
    return Unevenness(waves, shades)


def random_lamp(random: np.random.Generator, exposure_ev: float, x: float, y: float) -> Lamp:
    """A random lamp; the darker the exposure, the smaller the visible part of its halo."""
    radius = math.exp(random.uniform(math.log(0.003), math.log(0.025)))
    return Lamp(
        x=x,
        y=y,
        radius=radius,
        core=math.exp(random.uniform(math.log(1.0), math.log(60.0))),
        halo=2.0 ** (0.6 * exposure_ev) * random.uniform(0.1, 1.0),
        spread=radius * random.uniform(1.5, 6.0),
        color=LAMP_COLORS[random.integers(len(LAMP_COLORS))],
    )
