"""Random lamps, lit surfaces and lamp-lit scenes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .lamplight import LampLight, Pool
from .light import LAMP_COLORS, Lamp, random_lamp
from .panels import Panel

__all__ = ["Area", "Sources", "random_lamp_light", "random_sources"]

_WHITES = LAMP_COLORS[:5]
_SIGNS = LAMP_COLORS[5:]
_POOL_SHAPES = ("round", "rectangle", "beam")
_POOL_SHAPE_SHARES = (0.55, 0.3, 0.15)
_KINDS = ("lamps", "headlights", "windows", "screen", "sign", "moon")
_KIND_SHARES = (0.45, 0.16, 0.16, 0.08, 0.1, 0.05)
_DARKEST = -9.0
"""Lowest exposure of the dark around pools, stops; cameras would expose longer."""
_CLEARER = 2.0
"""Stops by which halos are fainter in lamp-lit scenes than in uniformly dark ones."""


@dataclass(frozen=True)
class Area:
    """Area for the placement of lights, in units of the frame's longer side.

    Attributes:
        width: width of the frame.
        height: height of the frame.
        window: left, top, right, bottom of a part of the frame that should contain lights, or None.
    """

    width: float
    height: float
    window: tuple[float, float, float, float] | None = None

    def place(self, random: np.random.Generator, first: bool = False) -> tuple[float, float]:
        """A random position; for the ``first`` light, in the window with probability 1/2."""
        if first and self.window is not None and random.random() < 0.5:
            left, top, right, bottom = self.window
        else:
            left, top, right, bottom = 0.0, 0.0, self.width, self.height
        return float(random.uniform(left, right)), float(random.uniform(top, bottom))


@dataclass(frozen=True)
class Sources:
    """Visible light sources."""

    lamps: tuple[Lamp, ...] = ()
    panels: tuple[Panel, ...] = ()

    def __add__(self, other: Sources) -> Sources:
        return Sources(self.lamps + other.lamps, self.panels + other.panels)


def random_sources(random: np.random.Generator, exposure_ev: float, area: Area) -> Sources:
    """One or two kinds of sources: lamps, headlights, windows, a screen, a sign, the moon."""
    sources = Sources()
    for index in range(2 if random.random() < 0.25 else 1):
        kind = _KINDS[random.choice(len(_KINDS), p=_KIND_SHARES)]
        sources += _MAKERS[kind](random, exposure_ev, area, area.place(random, index == 0))
    return sources


def _lamps(
    random: np.random.Generator, exposure_ev: float, area: Area, place: tuple[float, float]
) -> Sources:
    places = [place, *(area.place(random) for _ in range(int(random.integers(0, 5))))]
    return Sources(tuple(random_lamp(random, exposure_ev, *place) for place in places))


def _headlights(
    random: np.random.Generator, exposure_ev: float, area: Area, place: tuple[float, float]
) -> Sources:
    """A pair of vehicle lights at one height, white or red."""
    x, y = place
    behind = random.random() < 0.3
    color = _SIGNS[0] if behind else LAMP_COLORS[int(random.choice((0, 1, 3)))]
    radius = _log_uniform(random, 0.002, 0.010)
    core = _log_uniform(random, 1.0, 6.0) if behind else _log_uniform(random, 8.0, 60.0)
    halo = 2.0 ** (0.6 * exposure_ev) * random.uniform(0.1, 0.4 if behind else 1.0)
    spread = radius * random.uniform(2.0, 6.0)
    apart = radius * random.uniform(2.5, 6.0)
    return Sources(
        tuple(Lamp(x + side * apart, y, radius, core, float(halo), spread, color) for side in (-1, 1))
    )


def _windows(
    random: np.random.Generator, exposure_ev: float, area: Area, place: tuple[float, float]
) -> Sources:
    """A facade with windows of equal size, some of them lit."""
    half_width = _log_uniform(random, 0.004, 0.025)
    half_height = half_width * random.uniform(0.6, 1.8)
    across, down = 2 * half_width * random.uniform(1.3, 2.5), 2 * half_height * random.uniform(1.4, 2.5)
    level, color = _log_uniform(random, 0.15, 2.5), _pick(random, _WHITES)
    panels: list[Panel] = []
    for row in range(int(random.integers(1, 5))):
        for column in range(int(random.integers(1, 6))):
            if len(panels) == 12 or random.random() < 0.55:
                continue
            panels.append(
                Panel(
                    place[0] + column * across,
                    place[1] + row * down,
                    half_width,
                    half_height,
                    half_width * 0.15,
                    level * _log_uniform(random, 0.4, 2.0),
                    color if random.random() < 0.7 else _pick(random, _WHITES),
                    float(random.uniform(0.3, 0.9)),
                )
            )
    return Sources(panels=tuple(panels))


def _screen(
    random: np.random.Generator, exposure_ev: float, area: Area, place: tuple[float, float]
) -> Sources:
    """A screen or a shop window: large, about as bright as white, with content."""
    half_width = _log_uniform(random, 0.03, 0.16)
    half_height = half_width * random.uniform(0.5, 1.0)
    color = _pick(random, (*_WHITES, (0.8, 0.9, 1.0), (0.6, 0.75, 1.0)))
    level = _log_uniform(random, 0.8, 4.0)
    panel = Panel(*place, half_width, half_height, 0.003, level, color, float(random.uniform(0.0, 0.4)))
    return Sources((_glow(random, exposure_ev, place, half_height, color, level),), (panel,))


def _sign(random: np.random.Generator, exposure_ev: float, area: Area, place: tuple[float, float]) -> Sources:
    half_width = _log_uniform(random, 0.015, 0.1)
    half_height = half_width * random.uniform(0.15, 0.7)
    color = _pick(random, (*_SIGNS, *LAMP_COLORS))
    level = _log_uniform(random, 0.6, 6.0)
    panel = Panel(*place, half_width, half_height, 0.004, level, color, float(random.uniform(0.3, 1.0)))
    return Sources((_glow(random, exposure_ev, place, half_height, color, level),), (panel,))


def _moon(random: np.random.Generator, exposure_ev: float, area: Area, place: tuple[float, float]) -> Sources:
    """A disc in the upper part of the frame, with a faint halo."""
    radius = _log_uniform(random, 0.005, 0.018)
    halo = 2.0 ** (0.6 * exposure_ev) * random.uniform(0.02, 0.15)
    core = _log_uniform(random, 0.8, 12.0)
    spread = radius * random.uniform(2.5, 7.0)
    color = _pick(random, ((1.0, 0.97, 0.9), (1.0, 0.9, 0.72)))
    return Sources((Lamp(place[0], 0.5 * place[1], radius, core, float(halo), spread, color),))


_MAKERS = {
    "lamps": _lamps,
    "headlights": _headlights,
    "windows": _windows,
    "screen": _screen,
    "sign": _sign,
    "moon": _moon,
}


def _glow(
    random: np.random.Generator,
    exposure_ev: float,
    place: tuple[float, float],
    size: float,
    color: tuple[float, float, float],
    level: float,
) -> Lamp:
    halo = 2.0 ** (0.6 * exposure_ev) * random.uniform(0.02, 0.12) * min(level, 2.0)
    return Lamp(*place, size, 0.0, float(halo), size * random.uniform(1.0, 2.0), color)


def random_lamp_light(
    random: np.random.Generator, exposure_ev: float, area: Area
) -> tuple[LampLight, Sources]:
    """A scene lit by one to five pools, 4 to 8 stops above the surrounding dark; half with a visible lamp."""
    haze_ev = exposure_ev - _CLEARER  # used for halos only
    palette = [_pick(random, LAMP_COLORS if random.random() < 0.35 else _WHITES) for _ in range(2)]
    saturation = random.uniform(0.15, 0.8)
    pools, sources = [], Sources()
    for index in range(int(random.choice(5, p=(0.3, 0.27, 0.2, 0.13, 0.1))) + 1):
        lamp_color = palette[int(random.random() < 0.3)]
        pool = _random_pool(random, area, index == 0, _light_color(lamp_color, saturation))
        pools.append(pool)
        if random.random() < 0.45:
            sources += _source_of(random, pool, haze_ev, area, lamp_color)
    if random.random() < 0.3:
        sources += random_sources(random, haze_ev, area)
    tint = 1.0 + random.normal(0.0, 0.12) * np.array((-1.0, 0.1, 1.0)) + random.normal(0.0, 0.03, 3)
    depth = 4.0 + 4.0 * random.beta(1.4, 1.2)
    depth = max(4.0, min(depth, exposure_ev - _DARKEST))
    light = LampLight(
        tuple(pools),
        ambient=2.0**-depth,
        ambient_color=_rgb(tint / tint.mean()),
        sky=float(random.uniform(0.7, 1.0)) if random.random() < 0.75 else 0.0,
        deepest=float(random.uniform(2.0, 2.5)),
        kept_color=float(random.uniform(0.75, 1.0)),
    )
    return light, sources


def _random_pool(
    random: np.random.Generator, area: Area, first: bool, color: tuple[float, float, float]
) -> Pool:
    """Random pools; the first is the brightest, others are up to two stops darker."""
    x, y = area.place(random, first)
    level = 1.0 if first else 2.0 ** -random.uniform(0.0, 2.0)
    shape = _POOL_SHAPES[random.choice(3, p=_POOL_SHAPE_SHARES)]
    along = _log_uniform(random, 0.06, 0.33)
    if shape == "round":  # a pool on the floor, seen from the side, is flat
        across, angle = along * random.uniform(0.35, 1.0), random.normal(0.0, 0.15)
    elif shape == "rectangle":
        across, angle = along * random.uniform(0.4, 1.0), random.normal(0.0, 0.25)
    else:
        across, angle = 0.2 * along * random.uniform(0.4, 1.0), random.uniform(0.0, 2 * math.pi)
        along = 2.0 * along
    return Pool(x, y, along, float(across), float(angle), float(level), color, shape)  # type: ignore[arg-type]


def _source_of(
    random: np.random.Generator,
    pool: Pool,
    exposure_ev: float,
    area: Area,
    color: tuple[float, float, float],
) -> Sources:
    """Visible source of a pool: a lamp above a floor or at the origin of a beam, or a lit window."""
    if pool.shape == "beam":
        if random.random() < 0.4:
            return _headlights(random, exposure_ev, area, (pool.x, pool.y))
        place = pool.x, pool.y
    elif pool.shape == "rectangle" and random.random() < 0.5:
        return _screen(random, exposure_ev, area, (pool.x, pool.y - pool.across))
    else:
        place = pool.x + random.normal(0.0, 0.1) * pool.along, pool.y - random.uniform(0.0, 1.2) * pool.across
    lamp = random_lamp(random, exposure_ev, float(place[0]), float(place[1]))
    return Sources((replace(lamp, radius=0.6 * lamp.radius, spread=0.6 * lamp.spread, color=color),))


def _light_color(lamp: tuple[float, float, float], saturation: float) -> tuple[float, float, float]:
    """Color of a lamp's light on objects, partly compensated by the white balance; mean 1."""
    mixed = 1.0 - saturation + saturation * np.array(lamp) / np.mean(lamp)
    return _rgb(mixed)


def _rgb(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _pick(
    random: np.random.Generator, colors: tuple[tuple[float, float, float], ...]
) -> tuple[float, float, float]:
    return colors[int(random.integers(len(colors)))]


def _log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    return math.exp(random.uniform(math.log(low), math.log(high)))
