"""Frames of photos, and crops of frames: which part of a photo is shown to the network, and how.

A frame is a whole photo or a rectangle of it that is treated as one. A crop is a square of a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..camera.curves import srgb_to_linear
from ..errors import TrainingDataError
from ..flow.thumbnail import THUMBNAIL

__all__ = [
    "LARGEST_SCALE",
    "Frame",
    "PhotoAverages",
    "Region",
    "check_crop",
    "random_frame",
    "random_region",
    "whole_frame",
]

_CELLS = 4 * THUMBNAIL
"""Rows and columns of the averages that are stored of a photo; the edges of frames are edges of these."""
_PART_SHARE = 0.7
_SMALLEST_PART = 0.5
"""Fraction of frames that are a part of their photo, and the smallest fraction of its width and height.

How bright a frame should be is learned from the frames as a whole, of which there are only as many as photos.
From whole photos alone, a network memorizes them: its error of the mean luma of known
photos was 0.4 to 0.65 times that of others.
"""


_SMALLEST_SCALE = 0.35
_SOFT_SHARE, LARGEST_SCALE = 0.25, 1.8
"""Fraction of the other crops that are scaled up, and by how much at most. At full size a photo is softer
than the clean photos, which were scaled down, but its noise is not."""
_WHOLE_SHARE = 0.15
"""Fraction of crops that contain the largest square of their photo."""


@dataclass(frozen=True)
class Frame:
    """A rectangle of a photo that is treated as a whole photo; the edges are in pixels of the photo."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def longer(self) -> float:
        """The longer side, the unit of positions in a frame."""
        return max(self.width, self.height)


def whole_frame(shape: tuple[int, ...]) -> Frame:
    """The frame that is a whole photo of this shape, H x W (x C)."""
    return Frame(0.0, 0.0, float(shape[1]), float(shape[0]))


def random_frame(random: np.random.Generator, shape: tuple[int, ...], smallest: float = 0.0) -> Frame:
    """Draw a frame of a photo of this shape: the whole photo, or a rectangle of any aspect ratio.

    Args:
        smallest: the sides are at least this long, in pixels; not longer than those of the photo.
    """
    if random.random() >= _PART_SHARE:
        return whole_frame(shape)
    (top, bottom), (left, right) = (_random_part(random, side, smallest) for side in shape[:2])
    return Frame(left, top, right, bottom)


def _random_part(random: np.random.Generator, side: int, smallest: float) -> tuple[float, float]:
    least = min(_CELLS, int(np.ceil(_CELLS * max(_SMALLEST_PART, smallest / side))))
    count = int(random.integers(least, _CELLS + 1))
    start = int(random.integers(_CELLS - count + 1))
    return start * side / _CELLS, (start + count) * side / _CELLS


def check_crop(shape: tuple[int, ...], crop: int) -> None:
    """Check that a photo of this shape, H x W (x C), is large enough for crops of ``crop`` pixels.

    Raises:
        TrainingDataError: a crop would have to be scaled up by more than 1.8.
    """
    height, width = shape[:2]
    if crop > LARGEST_SCALE * min(height, width):
        raise TrainingDataError(
            f"a photo of {width}x{height} is too small for crops of {crop}: remove it or reduce the crops"
        )


@dataclass(frozen=True)
class Region:
    """The square of a photo that becomes a crop: its edges in pixels, limited to the frame, and its side."""

    left: float
    top: float
    right: float
    bottom: float
    side: float

    def positions(self, frame: Frame, crop: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the crop's columns and rows in the frame, in units of its longer side."""
        steps = (np.arange(crop) + 0.5) * (self.side / crop)
        return (self.left - frame.left + steps) / frame.longer, (self.top - frame.top + steps) / frame.longer

    def window(self, frame: Frame) -> tuple[float, float, float, float]:
        """Top, left, height and width as fractions of the frame's height and width."""
        return (
            (self.top - frame.top) / frame.height,
            (self.left - frame.left) / frame.width,
            (self.bottom - self.top) / frame.height,
            (self.right - self.left) / frame.width,
        )


def random_region(random: np.random.Generator, frame: Frame, crop: int) -> Region:
    """Draw the square of a frame that becomes a crop."""
    largest = min(frame.height, frame.width)
    if largest < crop or random.random() < _WHOLE_SHARE:
        side = largest
    elif random.random() < _SOFT_SHARE:
        side = crop / random.uniform(1.0, LARGEST_SCALE)
    else:
        side = crop / random.uniform(max(_SMALLEST_SCALE, crop / largest), 1.0)
    left = frame.left + random.uniform(0, frame.width - side)
    top = frame.top + random.uniform(0, frame.height - side)
    return Region(left, top, min(left + side, frame.right), min(top + side, frame.bottom), side)


class PhotoAverages:
    """Averages of a photo in linear light, from which those of any of its frames are computed.

    Args:
        photo: H x W x 3, uint8, sRGB-encoded.
    """

    def __init__(self, photo: np.ndarray) -> None:
        self._shape = photo.shape[:2]
        linear = torch.from_numpy(srgb_to_linear(photo).transpose(2, 0, 1).copy())
        self._cells = _averaged(linear, _CELLS).half().numpy()

    def of(self, frame: Frame, count: int) -> np.ndarray:
        """Averages over count x count cells of a frame: count x count x 3, float32, linear light."""
        height, width = self._shape
        rows = slice(round(frame.top * _CELLS / height), round(frame.bottom * _CELLS / height))
        columns = slice(round(frame.left * _CELLS / width), round(frame.right * _CELLS / width))
        part = torch.from_numpy(self._cells[:, rows, columns]).float()
        return _averaged(part, count).permute(1, 2, 0).numpy()


def _averaged(light: torch.Tensor, count: int) -> torch.Tensor:
    return torch.nn.functional.adaptive_avg_pool2d(light[None], count)[0]
