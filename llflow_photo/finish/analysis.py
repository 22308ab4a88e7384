"""Global decisions of post-processing for a whole photo, shared by its regions and previews."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..color.channels import greatest_channel
from ..color.spaces import LINEAR_SRGB, convert, decode
from ..photo import Photo
from .base_curve import look_of
from .lift import darkness, frame_weight, lift_map
from .noise_estimate import DetailNoise
from .planes import block_mean, interpolated

__all__ = ["PhotoAnalysis", "Window"]

_THUMBNAIL = 192
_SAMPLES = 1 << 20


@dataclass(frozen=True)
class Window:
    """The part of a photo that an array of pixels shows, and its scale.

    Attributes:
        top, left: position of the first pixel's corner, as fractions of the photo's height and width.
        height, width: size, as fractions of the photo's height and width.
        step: photo pixels per pixel, 1 at full size.
    """

    top: float = 0.0
    left: float = 0.0
    height: float = 1.0
    width: float = 1.0
    step: float = 1.0


@dataclass(frozen=True)
class PhotoAnalysis:
    """Global decisions for a whole photo.

    Attributes:
        noise: noise of the photo's fine detail, full size.
        lift: maximum lift at ``local_exposure`` 1, h x w float32, EV; at most 192 pixels along the longer
            side.
        darkness: 1 if the frame is dark, 0 if it is well lit.
        developed: whether the photo was developed from a RAW file. Then look ``auto`` means ``standard``.
    """

    noise: DetailNoise
    lift: np.ndarray
    darkness: float
    developed: bool

    @classmethod
    def of(cls, photo: Photo, levels: np.ndarray | None = None) -> PhotoAnalysis:
        """Analyze up to about a million of the photo's pixels.

        Args:
            levels: for frames of a series, the brightness of the whole series: N x 3, sRGB-encoded quantiles
                of each channel in equal steps, ascending.
        """
        detail_noise = DetailNoise.of_photo(photo)
        thumbnail, averaged = _thumbnail(photo)
        light = thumbnail if levels is None else decode(greatest_channel(levels), "srgb")
        lift = lift_map(thumbnail, detail_noise, averaged, frame_weight(light))
        return cls(detail_noise, lift, darkness(light), look_of("auto", photo) == "standard")

    def lift_at(self, window: Window, shape: tuple[int, int]) -> np.ndarray:
        """Maximum lift in a window, h x w float32, EV."""
        rows = (window.top + window.height * (np.arange(shape[0]) + 0.5) / shape[0]) * self.lift.shape[0]
        cols = (window.left + window.width * (np.arange(shape[1]) + 0.5) / shape[1]) * self.lift.shape[1]
        return interpolated(self.lift, rows - 0.5, cols - 0.5)


def _thumbnail(photo: Photo) -> tuple[np.ndarray, float]:
    """Maximum channel in linear light, up to 192 pixels wide or high, and the number of averaged pixels."""
    step = max(1, math.ceil(math.sqrt(photo.height * photo.width / _SAMPLES)))
    pixels = np.ascontiguousarray(photo.pixels[step // 2 :: step, step // 2 :: step])
    if not pixels.size:
        pixels = photo.pixels
    linear = np.clip(convert(pixels, photo.color_space, LINEAR_SRGB), 0.0, 1.0)
    side = max(1, math.ceil(max(linear.shape[:2]) / _THUMBNAIL))
    return block_mean(greatest_channel(linear), side), float(side * side)
