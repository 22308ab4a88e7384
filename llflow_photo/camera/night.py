"""Description of a night frame: exposure, light, camera, noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from .lamplight import LampLight
from .light import Lamp, Unevenness, random_unevenness
from .panels import Panel
from .random_lights import Area, Sources, random_lamp_light, random_sources
from .raw import PATTERNS
from .sensor_noise import SensorNoise, read_noise_of, shot_and_read
from .sensors import CAMERAS, ILLUMINANTS, Camera, mixed_camera

__all__ = ["NightSettings", "night", "random_night"]

LAMP_LIT_SHARE = 0.24
"""Share of lamp-lit scenes among random nights that are not well exposed."""

_LIGHTS = ("daylight", "moonlit shade", "led", "fluorescent", "tungsten", "sodium")
_LIGHT_SHARES = (0.30, 0.08, 0.20, 0.07, 0.22, 0.13)


@dataclass(frozen=True)
class NightSettings:
    """Description of a frame, except for the scene and the random numbers of its noise.

    Attributes:
        exposure_ev: stops relative to the clean photo.
        camera: color response of the sensor.
        gains: white balance gains of red, green, blue under the frame's light.
        balance_error: factors of the error of the camera's white balance, which causes a color cast, see
            `cast`.
        unevenness: uneven illumination, or None.
        lamplight: illumination by a few lamps, or None; if present, ``exposure_ev`` is that of the brightest
            pool.
        lamps: visible light sources.
        panels: visible lit windows, screens and signs.
        noise: noise of the sensor.
        pattern: phase of the Bayer array.
        black_level: raw value of black.
        white_level: raw value of white.
        contrast: whether the clean photo has, and the development applies, a camera's S-curve.
        eight_bit: whether the developed photo is stored in 8 bits, whose steps hide the darkest areas.
    """

    exposure_ev: float
    camera: Camera = CAMERAS[1]
    gains: tuple[float, float, float] = (2.1, 1.0, 1.7)
    balance_error: tuple[float, float, float] = (1.0, 1.0, 1.0)
    unevenness: Unevenness | None = None
    lamps: tuple[Lamp, ...] = ()
    noise: SensorNoise = field(default_factory=SensorNoise)
    pattern: str = "RGGB"
    black_level: int = 512
    white_level: int = 16383
    contrast: bool = False
    lamplight: LampLight | None = None
    panels: tuple[Panel, ...] = ()
    eight_bit: bool = False

    def averaged(self, side: float) -> NightSettings:
        """The frame with lamps and panels averaged over squares of ``side``, in units of its longer side.

        For thumbnails, in which a small lamp must neither vanish between pixels nor fill one.
        """
        return replace(
            self,
            lamps=tuple(lamp.averaged(side) for lamp in self.lamps),
            panels=tuple(panel.averaged(side) for panel in self.panels),
        )

    @property
    def plain(self) -> bool:
        """Whether the light is even and no light source is visible."""
        return not (self.lamps or self.panels or self.lamplight or self.unevenness)

    @property
    def neutral(self) -> tuple[float, float, float]:
        """Camera RGB of a neutral surface according to the camera's white balance, green 1."""
        red, green, blue = (error / gain for gain, error in zip(self.gains, self.balance_error, strict=True))
        return red / green, 1.0, blue / green

    @property
    def cast(self) -> np.ndarray:
        """3 x 3, float32: linear sRGB of the scene to that developed with the camera's white balance."""
        gains = self.balance_error[1] / np.array(self.balance_error, np.float32)
        made = self.camera.srgb_from_camera @ (gains[:, None] * self.camera.camera_from_srgb)
        return np.asarray(made, np.float32)


def night(
    exposure_ev: float,
    light: str = "daylight",
    camera: Camera = CAMERAS[1],
    shot: float = 0.0004,
    pattern: str = "RGGB",
) -> NightSettings:
    """A simple frame: even light, one of `sensors.ILLUMINANTS` with mean gains, typical read noise."""
    illuminant = ILLUMINANTS[light]
    gains = (sum(illuminant.red) / 2, 1.0, sum(illuminant.blue) / 2)
    noise = SensorNoise(shot, read_noise_of(shot))
    return NightSettings(exposure_ev, camera, gains, noise=noise, pattern=pattern)


def random_night(
    random: np.random.Generator,
    width: float = 1.0,
    height: float = 0.667,
    lamp_window: tuple[float, float, float, float] | None = None,
    bright_share: float = 0.18,
) -> NightSettings:
    """A random frame, from well exposed to seven stops underexposed, or lit by a few lamps.

    Args:
        width: width of the frame, in units of its longer side.
        height: height of the frame, in the same unit.
        lamp_window: left, top, right, bottom of a part of the frame (a training crop) that should contain
            lamps; if the frame has any, the first is placed there with probability 1/2.
        bright_share: share of well-exposed frames, so that a model learns not to change them: half of them at
            EV 0, the others at EV -0.5 to 0.
    """
    bright = random.random() < bright_share
    lamp_lit = not bright and random.random() < LAMP_LIT_SHARE
    exposure_ev = _random_exposure(random, bright, lamp_lit)
    light = ILLUMINANTS[_LIGHTS[random.choice(len(_LIGHTS), p=_LIGHT_SHARES)]]
    unevenness = None
    if not bright and not lamp_lit and random.random() < 0.15:
        shadows = int(random.integers(1, 3)) if random.random() < 0.4 else 0
        unevenness = random_unevenness(random, random.random() < 0.5, shadows, width, height)
    area = Area(width, height, lamp_window)
    lamplight, sources = None, Sources()
    if lamp_lit:
        lamplight, sources = random_lamp_light(random, exposure_ev, area)
    elif random.random() < 0.25:
        sources = random_sources(random, exposure_ev, area)
    bits = 14 if random.random() < 0.7 else 12
    black = int(random.choice((256, 512, 600, 1024, 2048))) >> (14 - bits)
    white = (1 << bits) - 1
    half_dark = 0.5 * math.log2(lamplight.ambient) if lamplight is not None else 0.0
    return NightSettings(
        exposure_ev,
        mixed_camera(random),
        light.gains(random),
        _random_balance(random),
        unevenness,
        sources.lamps,
        _random_noise(random, exposure_ev + half_dark, 1.0 / (white - black)),
        PATTERNS[random.integers(4)],
        black,
        white,
        lamplight=lamplight,
        panels=sources.panels,
    )


def _random_exposure(random: np.random.Generator, bright: bool, lamp_lit: bool) -> float:
    if bright:
        return 0.0 if random.random() < 0.5 else float(random.uniform(-0.5, 0.0))
    if lamp_lit:  # of the pools: well exposed, or 0.5 to 3 stops underexposed
        return float(random.uniform(-0.5, 0.4) if random.random() < 0.6 else random.uniform(-3.0, -0.5))
    return -1.0 - 6.0 * float(random.beta(1.3, 1.6))


def _random_balance(random: np.random.Generator) -> tuple[float, float, float]:
    """Error of the white balance; about a third each: none, small, or large (mostly warm)."""
    kind = random.random()
    if kind < 0.35:
        return 1.0, 1.0, 1.0
    if kind < 0.7:
        red, blue = random.normal(0.0, 0.09, 2)
    else:
        warmth = random.uniform(-0.5, 1.6)
        red = 0.4 * warmth + random.normal(0.0, 0.1)
        blue = -0.6 * warmth + random.normal(0.0, 0.1)
    return float(2.0**-red), 1.0, float(2.0**-blue)


def _random_noise(random: np.random.Generator, exposure_ev: float, step: float) -> SensorNoise:
    """Noise of a random ISO; redrawn if it exceeds mid-gray, from which nothing can be learned."""
    gray = 0.18 * 2.0**exposure_ev
    shot, read = shot_and_read(random)
    while gray < 1.2 * (shot * gray + read**2) ** 0.5:
        shot, read = shot_and_read(random)
    extreme = random.random() < (0.4 if shot > 0.002 else 0.1)
    errors = random.normal(0.0, 1.5 * step, 4) if extreme else np.zeros(4)
    if random.random() < 0.12:  # a declared black level that is too high clips the darkest values to black
        errors -= min(read * random.uniform(0.5, 2.0), 0.3 * gray)
    return SensorNoise(
        shot,
        read,
        read * float(random.uniform(0.1, 0.5)) if extreme else 0.0,
        tuple(float(value) for value in errors),  # type: ignore[arg-type]
        10.0 ** float(random.uniform(-5, -4)) if random.random() < 0.5 else 0.0,
    )
