"""Brightness of dark areas in references, i.e. training targets."""

from __future__ import annotations

import math

import numpy as np

from .night import NightSettings

__all__ = ["buried_stops", "lamp_lit_darkness", "least_signal"]

_SEEN = 0.4
"""Signal-to-noise ratio of single pixels at which flat objects are just visible in a denoised photo."""
_BURIED_SLOPE = 0.8
_SOFTNESS = 0.8
"""Stops over which the lift decreases."""
_LIFT_SLOPE = 0.7
_GRAY = 0.18
_EIGHT_BIT_STEP = 0.5 / 255 / 12.92
"""Linear light of half an 8-bit step near black."""
_CONTRAST_STEP = 0.002
"""The same with a camera's S-curve, ``3 x^2 = 0.5 / 255``."""


def lamp_lit_darkness(stops: np.ndarray, deepest: float) -> np.ndarray:
    """Stops by which a reference is darker than its pools of light, where the light is darker by ``stops``.

    ``deepest (1 - exp(-0.7 stops / deepest))``, monotone; linear with slope 0.7 where light is brighter.
    """
    dark = np.maximum(stops, 0.0)
    saturated = deepest * (1.0 - np.exp(np.float32(-_LIFT_SLOPE / deepest) * dark))
    return np.asarray(saturated + _LIFT_SLOPE * (stops - dark), np.float32)


def least_signal(settings: NightSettings) -> float:
    """Signal, 0 to 1, that is just visible above the frame's noise, or above the steps of an 8-bit photo."""
    noise = settings.noise
    step = 1.0 / (settings.white_level - settings.black_level)
    fixed = noise.read**2 + noise.row**2 + step**2 / 12.0
    shot = _SEEN**2 * noise.shot
    seen = 0.5 * (shot + math.sqrt(shot**2 + 4.0 * _SEEN**2 * fixed))  # s = 0.4 sqrt(shot s + fixed)
    lost = max(0.0, -sum(noise.black_error) / 4)
    rounding = _CONTRAST_STEP if settings.contrast else _EIGHT_BIT_STEP if settings.eight_bit else 0.0
    return max(seen + lost, rounding)


def buried_stops(stops: np.ndarray, settings: NightSettings) -> np.ndarray:
    """Stops by which a reference is darker in addition, where light darker by ``stops`` is mostly noise.

    Smooth and monotone: 0 at 0 stops, nearly 0 as long as mid-gray is well above the noise, then increasing
    by 0.8 per stop.

    Args:
        stops: any shape, stops by which the light is darker than the frame's exposure.
    """
    room = math.log2(_GRAY * 2.0**settings.exposure_ev / least_signal(settings))
    softness = np.float32(_SOFTNESS)
    start = math.log1p(math.exp(-room / _SOFTNESS))
    grown = np.logaddexp(np.float32(0.0), (stops - np.float32(room)) / softness) - np.float32(start)
    return np.asarray(np.float32(_BURIED_SLOPE) * softness * grown, np.float32)
