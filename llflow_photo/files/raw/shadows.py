"""Measurement of how much clipping at black raises the shadows of a developed RAW file.

Gray areas of known light, with the noise of the photo, are developed in the same way as the photo.
"""

from __future__ import annotations

import numpy as np

from ...color.shadow_curve import ShadowCurve
from ...color.spaces import REC2020_LINEAR, SRGB, convert, decode, encode, luminance_weights
from .camera_color import CameraColor, develop_camera_rgb
from .demosaic import demosaic, second_green
from .hot_pixels import noise_by_level
from .options import RawOptions

__all__ = ["shadow_curve"]

_BLACK, _WHITE = 4096, 65535
_LEVELS = 17
_BRIGHTEST = 6.0
"""Light up to which clipping is measured, in standard deviations of the noise at black."""
_SIDE, _MARGIN, _ROWS = 64, 8, 128
# LibRaw needs more than one of its tiles of 512 pixels for an X-Trans pattern.
_ROWS_OF_LARGE_PATTERN = 576


def shadow_curve(
    mosaic: np.ndarray,
    colors: np.ndarray,
    levels: tuple[np.ndarray, float],
    pattern: np.ndarray,
    color: CameraColor,
    options: RawOptions,
    half_size: bool,
    headroom: float = 1.0,
) -> ShadowCurve | None:
    """Measure the shadows of a photo; None if it has no noise.

    Args:
        mosaic: H x W uint16, whose noise is estimated.
        colors: H x W, color index of each pixel.
        levels: black level by color index, and saturation level.
        pattern: rows x columns of 0 red, 1 green, 2 blue.
        headroom: linear light at the saturation level.
    """
    black, white = levels
    noise = noise_by_level(mosaic, colors, black, white) * np.float32(headroom / (white - float(black.min())))
    if noise[0] <= 0:
        return None
    light = np.linspace(0.0, _BRIGHTEST * float(noise[0] * color.multipliers.max()), _LEVELS)
    rows = _ROWS if pattern.shape == (2, 2) else _ROWS_OF_LARGE_PATTERN
    y, x = np.arange(rows) % pattern.shape[0], np.arange(_LEVELS * _SIDE) % pattern.shape[1]
    values = np.repeat(light, _SIDE) / color.multipliers[pattern[y[:, None], x]]
    deviation = np.interp(values, np.linspace(0.0, 1.0, noise.size) ** 2 * headroom, noise)
    values += deviation * np.random.default_rng(0).standard_normal(values.shape)
    # Very high noise is also clipped at the lowest value of the file.
    lowest = (float(mosaic.min()) - float(black.min())) * headroom / (white - float(black.min()))
    np.maximum(values, min(lowest, 0.0), out=values)
    # At the greatest range that contains the noise.
    unit = 2.0 * float(values.max()) / (_WHITE - _BLACK)
    raw_values = np.clip(np.rint(values / unit + _BLACK), 0, _WHITE).astype(np.uint16)
    developed = demosaic(raw_values, pattern, (_BLACK, _WHITE), color, options, half_size)
    largest = max(float(color.multipliers.max()), second_green(options, color.multipliers))
    scale = unit * (_WHITE - _BLACK) * largest / 65535.0
    linear = develop_camera_rgb(developed, color, color.multipliers, scale, "keep")
    encoded = np.clip(convert(linear, REC2020_LINEAR, SRGB), 0.0, 1.0)
    step = 2 if half_size else 1
    side, margin = _SIDE // step, _MARGIN // step
    patches = encoded[margin:-margin].reshape(-1, _LEVELS, side, 3)[:, :, margin:-margin]
    black = (decode(patches[:, 0], "srgb") @ luminance_weights(SRGB)).mean()
    return ShadowCurve(encode(light.astype(np.float32), "srgb"), patches.mean(axis=(0, 2)), float(black))
