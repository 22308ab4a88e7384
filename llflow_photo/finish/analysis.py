"""What the finish decides once for a whole photo, so that regions and previews of it are finished alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..color.channels import greatest_channel
from ..color.noise_level import NoiseLevel
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
    """Which part of a photo an array of pixels shows, and at which scale.

    Attributes:
        top, left: of the first pixel's corner, as shares of the photo's height and width.
        height, width: as shares.
        step: photo pixels per pixel, 1 at full size.
    """

    top: float = 0.0
    left: float = 0.0
    height: float = 1.0
    width: float = 1.0
    step: float = 1.0


@dataclass(frozen=True)
class PhotoAnalysis:
    """Decisions for a whole photo.

    Attributes:
        noise: of the photo's fine detail, full size.
        sensor_noise: of its pixels in linear light, full size.
        lift: how far dark places may be lifted at ``local_exposure`` 1, h x w float32, EV; at most 192 pixels
            along the longer side.
        darkness: 1 where the frame is dark, 0 where it is well lit.
        standard_look: whether look ``auto`` means ``standard``.
    """

    noise: DetailNoise
    sensor_noise: NoiseLevel
    lift: np.ndarray
    darkness: float
    standard_look: bool

    @classmethod
    def of(cls, photo: Photo, levels: np.ndarray | None = None) -> PhotoAnalysis:
        """From at most about a million of the photo's pixels.

        Args:
            levels: how bright the frame is as a whole, where a series decides that: N x 3, sRGB-encoded, each
                channel's values in ascending order at equal shares of the pixels.
        """
        noise = DetailNoise.of_photo(photo)
        thumbnail, averaged = _thumbnail(photo)
        light = thumbnail if levels is None else decode(greatest_channel(levels), "srgb")
        lift = lift_map(thumbnail, noise, averaged, frame_weight(light))
        return cls(
            noise, NoiseLevel.of_photo(photo), lift, darkness(light), look_of("auto", photo) == "standard"
        )

    def lift_at(self, window: Window, shape: tuple[int, int]) -> np.ndarray:
        """The lift over a window, h x w float32, EV."""
        rows = (window.top + window.height * (np.arange(shape[0]) + 0.5) / shape[0]) * self.lift.shape[0]
        cols = (window.left + window.width * (np.arange(shape[1]) + 0.5) / shape[1]) * self.lift.shape[1]
        return interpolated(self.lift, rows - 0.5, cols - 0.5)


def _thumbnail(photo: Photo) -> tuple[np.ndarray, float]:
    """Greatest channel in linear light, at most 192 pixels wide or high; and how many pixels it averages."""
    step = max(1, math.ceil(math.sqrt(photo.height * photo.width / _SAMPLES)))
    pixels = np.ascontiguousarray(photo.pixels[step // 2 :: step, step // 2 :: step])
    if not pixels.size:
        pixels = photo.pixels
    linear = np.clip(convert(pixels, photo.color_space, LINEAR_SRGB), 0.0, 1.0)
    side = max(1, math.ceil(max(linear.shape[:2]) / _THUMBNAIL))
    return block_mean(greatest_channel(linear), side), float(side * side)
