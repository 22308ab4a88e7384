"""Global decisions of post-processing for a whole photo, shared by its regions and previews."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..color.channels import greatest_channel
from ..color.fast_curves import linear_srgb
from ..color.spaces import decode
from ..photo import Photo
from ..sampling import sampling_steps, subsample
from .base_curve import look_of
from .lift import darkness, frame_weight, lift_map
from .noise_estimate import DetailNoise
from .planes import QUARTER, block_mean, interpolated

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
        extent: height and width of the photo in pixels of ``lift``; the last ones can extend beyond it.
        darkness: 1 if the frame is dark, 0 if it is well lit.
        developed: whether the photo was developed from a RAW file. Then look ``auto`` means ``standard``.
    """

    noise: DetailNoise
    lift: np.ndarray
    extent: tuple[float, float]
    darkness: float
    developed: bool

    @classmethod
    def of(cls, photo: Photo, frame: np.ndarray | None = None) -> PhotoAnalysis:
        """Analyze up to about a million of the photo's pixels.

        Args:
            frame: for frames of a series, the reduced frame that represents all of them, which determines
                whether they are dark and have lamps: h x w x 3, sRGB-encoded.
        """
        detail_noise = DetailNoise.of_photo(photo)
        thumbnail, averaged, side = _thumbnail(photo)
        light = thumbnail if frame is None else greatest_channel(decode(frame, "srgb"))
        lift = lift_map(thumbnail, detail_noise, averaged, frame_weight(light))
        extent = photo.height / side[0], photo.width / side[1]
        return cls(detail_noise, lift, extent, darkness(light), look_of("auto", photo) == "standard")

    def lift_at(self, window: Window, shape: tuple[int, int]) -> np.ndarray:
        """Maximum lift in a window at quarter size, ceil(H / 4) x ceil(W / 4) float32, EV.

        Args:
            shape: height H and width W of the window in pixels.
        """
        rows, cols = (
            (start + length * QUARTER * (np.arange(-(-count // QUARTER)) + 0.5) / count) * extent - 0.5
            for start, length, count, extent in (
                (window.top, window.height, shape[0], self.extent[0]),
                (window.left, window.width, shape[1], self.extent[1]),
            )
        )
        return interpolated(self.lift, rows, cols)


def _thumbnail(photo: Photo) -> tuple[np.ndarray, float, tuple[float, float]]:
    """Maximum channel in linear light, up to 192 pixels wide or high.

    Returns:
        the thumbnail; the number of pixels averaged in each of its pixels; the height and width of that area
        in the photo.
    """
    step = sampling_steps((photo.height, photo.width), _SAMPLES)
    pixels = np.ascontiguousarray(subsample(photo.pixels, _SAMPLES))
    linear = np.clip(linear_srgb(pixels, photo.color_space), 0.0, 1.0)
    side = max(1, math.ceil(max(linear.shape[:2]) / _THUMBNAIL))
    height, width = (min(side, length) for length in linear.shape[:2])
    thumbnail = block_mean(greatest_channel(linear), height, width)
    return thumbnail, float(height * width), (height * step[0], width * step[1])
