"""Simulation of a camera's JPEG processing: noise reduction, sharpening and compression."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image

from .night import NightSettings

__all__ = ["JPEG_QUALITY", "camera_jpeg", "encoded_noise", "random_jpeg"]

JPEG_QUALITY = (70, 98)
"""Lowest and highest quality of random JPEGs."""

_CHROMA_NOISE = (0.0, 0.012, 0.035)
"""Luma noise above which there are one, two, three passes of chroma smoothing, each twice as wide."""

_YCC_FROM_RGB = np.array(
    [[0.299, -0.168736, 0.5], [0.587, -0.331264, -0.418688], [0.114, 0.5, -0.081312]], np.float32
)
"""YCbCr matrix of JFIF, for rows of pixels; without the offset of 128 / 255."""


def camera_jpeg(
    photo: np.ndarray,
    quality: int,
    noise_reduction: float = 0.0,
    sharpening: float = 0.0,
    noise: float | None = None,
) -> np.ndarray:
    """Process a developed photo like a camera JPEG: denoise, sharpen, clip to [0, 1], compress as 4:2:0.

    Luma noise is reduced by the local Wiener filter of Lee 1980 (5 x 5 pixels), which preserves edges with
    their noise and removes faint texture, as cameras do. Chroma is smoothed at half size by up to three
    binomial passes, depending on the noise. Sharpening is an unsharp mask of about 1 pixel on luma, which
    overshoots at edges.

    Args:
        photo: H x W x 3, float, sRGB-encoded, in [0, 1].
        quality: JPEG quality, 1 to 100.
        noise_reduction: 0 for none, 1 matches the noise; higher values remove more luma texture.
        sharpening: amount of detail that is added, at least 0.
        noise: standard deviation of the photo's luma noise, sRGB-encoded, 0 to 1, see `encoded_noise`; if
            None, it is estimated from the photo.

    Returns:
        H x W x 3, float32, in [0, 1], multiples of 1/255.
    """
    buffer = io.BytesIO()
    if noise_reduction > 0 or sharpening > 0:
        image = _processed(photo, np.float32(noise_reduction), np.float32(sharpening), noise)
    else:
        image = Image.fromarray(_bytes(photo))
    image.save(buffer, "JPEG", quality=quality, subsampling=2)
    return np.asarray(Image.open(buffer), dtype=np.float32) / np.float32(255.0)


def encoded_noise(settings: NightSettings) -> float:
    """Standard deviation of a frame's noise in its developed photo, sRGB-encoded, at mid-gray of the night.

    It is the noise of the sensor times the slope of the sRGB curve, and of the S-curve if the frame has one.
    """
    level = 0.18 * 2.0**settings.exposure_ev
    if settings.lamplight is not None:
        level *= math.sqrt(settings.lamplight.ambient)  # between the pools of light and the dark
    slope = 12.92 if level < 0.0031308 else 1.055 / 2.4 * level ** (1 / 2.4 - 1)
    if settings.contrast:
        encoded = 12.92 * level if level < 0.0031308 else 1.055 * level ** (1 / 2.4) - 0.055
        slope *= 6.0 * encoded * (1.0 - encoded)
    return float(slope * math.sqrt(settings.noise.variance(level)))


def random_jpeg(random: np.random.Generator, settings: NightSettings) -> tuple[int, float, float, float]:
    """Random arguments of `camera_jpeg`: quality, noise reduction, sharpening and noise of the frame."""
    noise = min(encoded_noise(settings), 0.15)
    quality = int(random.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1))
    noisy = min(1.0, noise / 0.05)
    plain = random.random() < 0.5  # also at high ISO: not by a camera, but by a RAW converter
    reduction = 0.0 if plain else random.uniform(0.4, 1.0) + noisy * random.uniform(0.2, 1.0)
    sharpening = random.uniform(0.2, 1.2 - 0.5 * noisy) if random.random() < 0.75 else 0.0
    return quality, float(reduction), float(sharpening), noise


def _processed(
    photo: np.ndarray, reduction: np.float32, sharpening: np.float32, noise: float | None
) -> Image.Image:
    height, width = photo.shape[:2]
    colors = (photo.reshape(-1, 3).astype(np.float32, copy=False) @ _YCC_FROM_RGB).reshape(photo.shape)
    luma = colors[..., 0].copy()
    chroma = _halved(colors[..., 1:])
    if reduction > 0:
        noise = _estimated_noise(luma) if noise is None else noise
        smooth = chroma
        for index in range(sum(noise > level for level in _CHROMA_NOISE)):
            smooth = _binomial(smooth, 2**index)
        chroma = chroma + min(reduction, np.float32(1.0)) * (smooth - chroma)
        _wiener(luma, np.float32(reduction * noise))
    if sharpening > 0:
        detail = luma - _binomial(_binomial(luma))
        detail *= sharpening
        luma += detail
    planes = np.empty((2 * chroma.shape[1], 2 * chroma.shape[2], 3), np.uint8)
    planes[:height, :width, 0] = _bytes(luma)
    halves = _bytes(chroma + np.float32(128 / 255)).transpose(1, 2, 0)
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):  # pixels averaged by 4:2:0
        planes[row::2, column::2, 1:] = halves
    return Image.frombytes("YCbCr", (width, height), planes[:height, :width].tobytes())


def _bytes(values: np.ndarray) -> np.ndarray:
    scaled = values * np.float32(255.0)
    scaled += np.float32(0.5)
    np.clip(scaled, 0.0, 255.0, out=scaled)
    return scaled.astype(np.uint8)


def _wiener(luma: np.ndarray, noise: np.float32) -> None:
    """``m + max(v - noise^2, 0) / v (luma - m)`` with mean m and variance v of 5 x 5 pixels, in place."""
    mean, variance = _box(luma), _box(luma * luma)
    variance -= mean * mean
    np.maximum(variance, np.float32(1e-8), out=variance)
    np.divide(-noise * noise, variance, out=variance)
    variance += np.float32(1.0)
    np.maximum(variance, np.float32(0.0), out=variance)
    luma -= mean
    luma *= variance
    luma += mean


def _halved(images: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels, with edge pixels repeated at odd sizes: H x W x C to C x H/2 x W/2."""
    height, width = images.shape[:2]
    if height % 2 or width % 2:
        images = np.pad(images, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows = images[::2] + images[1::2]
    means = (rows[:, ::2] + rows[:, 1::2]).transpose(2, 0, 1) * np.float32(0.25)
    return np.ascontiguousarray(means)


def _box(values: np.ndarray) -> np.ndarray:
    """Mean of 5 x 5 pixels along the last two axes."""
    result = _summed(values, 1.0, 2, 1)
    result *= np.float32(1 / 25)
    return result


def _binomial(values: np.ndarray, apart: int = 1) -> np.ndarray:
    """Filter with taps 1/4, 1/2, 1/4, ``apart`` pixels apart, along the last two axes."""
    result = _summed(values, 2.0, 1, apart)
    result *= np.float32(1 / 16)
    return result


def _summed(values: np.ndarray, middle: float, reach: int, apart: int) -> np.ndarray:
    """Sum of ``middle`` times a value and ``reach`` neighbors on each side, along the last two axes.

    Edge pixels are repeated. Arrays are reused, because allocation would take most of the time.
    """
    source = values
    for axis in (-2, -1):
        result = source * np.float32(middle)
        of, to = np.moveaxis(source, axis, 0), np.moveaxis(result, axis, 0)
        for step in range(1, reach + 1):
            shift = min(step * apart, len(of))
            inner = len(of) - shift
            to[shift:] += of[:inner]
            to[:inner] += of[shift:]
            to[:shift] += of[:1]
            to[inner:] += of[-1:]
        source = result
    return source


def _estimated_noise(luma: np.ndarray) -> float:
    """Estimate noise from the mean magnitude of the second difference along both axes (Immerkaer 1996)."""
    across = luma[:, :-2] - 2 * luma[:, 1:-1] + luma[:, 2:]
    both = across[:-2] - 2 * across[1:-1] + across[2:]
    return float(math.sqrt(math.pi / 2) / 6 * np.abs(both).mean())
