"""A whole frame from averages of its pixels: what a thumbnail of the developed photo would show."""

from __future__ import annotations

import numpy as np

from .night import NightSettings

__all__ = ["developed_averages"]


def developed_averages(
    light: np.ndarray, settings: NightSettings, side: float, random: np.random.Generator
) -> np.ndarray:
    """Record and develop averages of ``side`` x ``side`` pixels, without a mosaic.

    Each channel gets the noise that such averages have, is clipped where the sensor clips, and is developed
    by the frame's white balance and color matrix, as `develop` does with pixels.

    Args:
        light: H x W x 3, linear sRGB, 1 = the sensor's white in green, as of `simulate.expose`.
        settings: of the frame.
        side: pixels per average along each axis, from 1.

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
