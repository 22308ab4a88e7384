"""Simulation of a whole frame from averages of its pixels, as in a thumbnail of the developed photo."""

from __future__ import annotations

import math

import numpy as np

from .night import NightSettings

__all__ = ["averaged_noise", "developed_averages"]


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
    noisy = averaged_noise(signal, settings, max(1.0, side), random)
    balance = 1.0 / np.array(settings.neutral, np.float32)
    balanced = np.clip(noisy, 0.0, 1.0) * (balance / balance.min())
    developed = np.minimum(balanced, np.float32(1.0)) @ settings.camera.srgb_from_camera.T
    return np.asarray(np.clip(developed, 0.0, 1.0), np.float32)


def averaged_noise(
    signal: np.ndarray, settings: NightSettings, side: float, random: np.random.Generator
) -> np.ndarray:
    """Means of ``side`` x ``side`` demosaiced pixels of a noisy Bayer mosaic, without hot pixels.

    Half of the mosaic's pixels are green, a quarter red, a quarter blue. The error of the black level of a
    channel is the mean of its positions. Means are raised by clipping single pixels at black, as development
    does.

    Args:
        signal: H x W x 3, float32, camera RGB, 0 to 1.
        settings: noise, pattern and white balance are used.
        side: pixels per mean along each axis, at least 1.

    Returns:
        H x W x 3, float32; the result may leave the range of ``signal``.
    """
    noise, pattern = settings.noise, settings.pattern
    noisy = np.empty(signal.shape, np.float32)
    rows = _row_offsets(signal.shape[0], noise.row, settings.neutral, side, random)
    for channel, color in enumerate("RGB"):
        positions = [index for index, letter in enumerate(pattern) if letter == color]
        error = sum(noise.black_error[index] for index in positions) / len(positions)
        light = signal[..., channel]
        deviation = np.sqrt(noise.variance(light) + np.float32(noise.row**2 + 1e-12))
        mean = _mean_above_zero(light + np.float32(error), deviation)
        share = _share_of_variance(side) / len(positions)
        added = random.standard_normal(mean.shape, np.float32)
        added *= np.sqrt(noise.variance(mean) * np.float32(share))
        added += mean
        added += rows[:, channel, None]
        noisy[..., channel] = added
    return noisy


def _share_of_variance(side: float) -> float:
    """Variance of means of one position of the pattern, relative to that of a pixel.

    Samples are two pixels apart, interpolated linearly, and averaged over an even number of pixels. Then the
    squares of their weights along an axis sum to ``(2 side - 1.5) / side^2``. That is less than ``2 / side``,
    because samples just outside contribute.
    """
    side = max(1.5, side)
    return ((2.0 * side - 1.5) / side**2) ** 2


def _row_offsets(
    height: int,
    row: float,
    neutral: tuple[float, float, float],
    side: float,
    random: np.random.Generator,
) -> np.ndarray:
    """Means of the offsets of ``side`` rows of pixels in each channel: H x 3, float32.

    Demosaicing interpolates differences of balanced colors. So the offsets of rows without red pixels reach
    red through green, with the weight that green has after white balance; and so with blue.
    """
    if row <= 0:
        return np.zeros((height, 3), np.float32)
    red, blue = random.normal(0.0, row / math.sqrt(max(1.0, side / 2)), (2, height))
    green = (red + blue) / 2
    channels = [red + neutral[0] * (blue - red) / 2, green, blue + neutral[2] * (red - blue) / 2]
    return np.stack(channels, -1).astype(np.float32)


def _mean_above_zero(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Mean of max(0, x) for normal x, ``m Phi(m / s) + s phi(m / s)``; Phi by tanh, to 3e-4."""
    ratio = mean / deviation
    share = 0.5 * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (ratio + 0.044715 * ratio**3)))
    bell = np.exp(-0.5 * ratio**2) / math.sqrt(2.0 * math.pi)
    return np.asarray(mean * share + deviation * bell, np.float32)
