"""Simulation of a whole frame from averages of its pixels, as in a thumbnail of the developed photo."""

from __future__ import annotations

import numpy as np

from .night import NightSettings

__all__ = ["developed_averages"]


def developed_averages(
    light: np.ndarray, settings: NightSettings, side: float, random: np.random.Generator
) -> np.ndarray:
    """Record and develop averages of ``side`` x ``side`` pixels, without a mosaic.

    Each channel gets the noise of such averages, is clipped like the sensor, and is developed with the white
    balance and the color matrix of the frame, like pixels in `develop`.

    Args:
        light: H x W x 3, linear sRGB, 1 = the sensor's white in green, from `simulate.expose`.
        settings: description of the frame.
        side: pixels per average along each axis, at least 1.

    Returns:
        H x W x 3, float32, linear sRGB, in [0, 1].
    """
    to_camera = settings.camera.camera_from_srgb / np.array(settings.gains, np.float32)[:, None]
    signal = np.maximum(light @ to_camera.T, np.float32(0.0))
    noise = settings.noise.averaged(max(1.0, side))
    channels = [noise.applied(np.ascontiguousarray(signal[..., c]), random) for c in range(3)]
    balance = 1.0 / np.array(settings.neutral, np.float32)
    balanced = np.clip(np.stack(channels, -1), 0.0, 1.0) * (balance / balance.min())
    developed = np.minimum(balanced, np.float32(1.0)) @ settings.camera.srgb_from_camera.T
    return np.asarray(np.clip(developed, 0.0, 1.0), np.float32)
