"""Simulation of a night frame: from a clean photo to the light of the scene and the recorded raw values."""

from __future__ import annotations

import numpy as np

from ..errors import ImageInputError
from .curves import inverse_s_curve, linear_to_srgb, s_curve, srgb_to_linear
from .lamplight import LampLight, sky_share
from .lifting import buried_stops, lamp_lit_darkness
from .light import lamp_light
from .night import NightSettings
from .panels import add_panel_light
from .raw import RawFrame, mosaic

__all__ = ["expose", "frame_positions", "record", "reference", "scene_light", "simulate_night_raw"]

KEPT_UNEVENNESS = 0.7
"""Share of the stops of uneven light that a reference keeps. Its colors are kept completely.

Light and scene cannot be distinguished with certainty; a smaller share would teach a model to lift all dark
areas.
"""

NIGHT_SKY = 0.8
"""Stops by which unlit sky in a reference is darker than other unlit areas."""

LAMP_LIFT = 0.35
"""Share of the exposure's stops by which a reference lifts lamps; halos are lifted less than the scene."""


def simulate_night_raw(photo: np.ndarray, settings: NightSettings, random: np.random.Generator) -> RawFrame:
    """The RAW frame that a camera would record of a photo's scene at night.

    Args:
        photo: H x W x 3, sRGB-encoded, uint8 or float in [0, 1]; clean, preferably a downscaled photo.

    Raises:
        ImageInputError: ``photo`` has another shape.
    """
    if photo.ndim != 3 or photo.shape[2] != 3 or min(photo.shape[:2]) < 2:
        raise ImageInputError(f"a photo is H x W x 3 with H, W of 2 or more, not of shape {photo.shape}")
    x, y = frame_positions(*photo.shape[:2])
    return record(expose(scene_light(photo, settings), settings, x, y), settings, random)


def frame_positions(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Centers of a whole frame's columns and rows, in units of its longer side: W and H values."""
    longer = max(height, width)
    return (np.arange(width) + 0.5) / longer, (np.arange(height) + 0.5) / longer


def scene_light(photo: np.ndarray, settings: NightSettings) -> np.ndarray:
    """Decode a photo: H x W x 3, uint8 or float in [0, 1], to linear sRGB, float32, 1 = white."""
    if settings.contrast:
        scaled = photo.astype(np.float32) / 255.0 if photo.dtype == np.uint8 else photo
        return srgb_to_linear(inverse_s_curve(scaled))
    return srgb_to_linear(photo)


def expose(scene: np.ndarray, settings: NightSettings, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Light that reaches the sensor at night.

    Args:
        scene: H x W x 3, linear sRGB, 1 = the clean photo's white.
        x: W positions of the columns, in units of the frame's longer side.
        y: H positions of the rows.

    Returns:
        H x W x 3, float32, linear sRGB, 1 = the sensor's white in green.
    """
    gain = np.float32(2.0**settings.exposure_ev)
    light = scene * gain
    if settings.unevenness is not None:
        light = light * np.exp2(settings.unevenness.stops(x, y))
    if settings.lamplight is not None:
        light = light * settings.lamplight.light(scene, x, y)
    _add_sources(light, scene, settings, x, y, 1.0)
    return light


def reference(scene: np.ndarray, settings: NightSettings, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The training target of a frame, a well-exposed photo; arguments as for `expose`.

    The scene has the exposure of the clean photo. Most stops of uneven light are kept, and so is the color
    cast that the white balance leaves, whose removal is up to the photographer. In lamp-lit scenes the
    surrounding dark becomes visible but remains darker than the pools, see `lifting.lamp_lit_darkness`. Where
    the frame has only noise, uneven light and lamp light stay dark. Lamps have white cores and colored halos,
    lifted by a third of the stops of the scene.

    Returns:
        H x W x 3, float32, sRGB-encoded, in [0, 1].
    """
    light = scene.copy()
    if settings.unevenness is not None:
        light *= _kept_unevenness(settings.unevenness.stops(x, y), settings)
    if settings.lamplight is not None:
        light *= _kept_lamplight(scene, settings.lamplight, settings, x, y)
    _add_sources(light, scene, settings, x, y, 2.0 ** (-LAMP_LIFT * settings.exposure_ev))
    if settings.balance_error != (1.0, 1.0, 1.0):
        light = light @ settings.cast.T
    encoded = linear_to_srgb(light)
    return s_curve(encoded) if settings.contrast else encoded


def _kept_unevenness(stops: np.ndarray, settings: NightSettings) -> np.ndarray:
    gray = stops.mean(2, keepdims=True)
    buried = buried_stops(-gray, settings)
    return np.asarray(np.exp2(stops - (1.0 - KEPT_UNEVENNESS) * gray - buried))


def _kept_lamplight(
    scene: np.ndarray, lamplight: LampLight, settings: NightSettings, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Factors of the scene's light in the reference, H x W x 3."""
    light = lamplight.light(scene, x, y)
    gray = light.mean(2)
    dark = -np.log2(gray)
    stops = lamp_lit_darkness(dark, lamplight.deepest) + buried_stops(dark, settings)
    if lamplight.sky > 0:
        stops += np.float32(NIGHT_SKY * lamplight.sky) * sky_share(scene)
    color = np.log2(light / gray[..., None])
    return np.asarray(np.exp2(np.float32(lamplight.kept_color) * color - stops[..., None]))


def _add_sources(
    light: np.ndarray, scene: np.ndarray, settings: NightSettings, x: np.ndarray, y: np.ndarray, gain: float
) -> None:
    if settings.panels:
        add_panel_light(light, settings.panels, scene, x, y, gain)
    if settings.lamps:
        light += np.float32(gain) * lamp_light(settings.lamps, x, y)


def record(light: np.ndarray, settings: NightSettings, random: np.random.Generator) -> RawFrame:
    """Record light by the sensor: color response, mosaic, noise, quantization, clipping.

    Args:
        light: H x W x 3, linear sRGB, 1 = white (see `expose`).
    """
    to_camera = settings.camera.camera_from_srgb / np.array(settings.gains, np.float32)[:, None]
    signal = mosaic(np.maximum(light @ to_camera.T, np.float32(0.0)), settings.pattern)
    signal = settings.noise.applied(signal, random)
    span = np.float32(settings.white_level - settings.black_level)
    raw_values = signal * span + np.float32(settings.black_level)
    # Clipped only after adding noise, so that light far above white stays white.
    raw_values = np.clip(np.rint(raw_values), 0, settings.white_level).astype(np.uint16)
    return RawFrame(
        raw_values,
        settings.pattern,
        settings.black_level,
        settings.white_level,
        np.array(settings.camera.color_matrix),
        settings.neutral,
    )
