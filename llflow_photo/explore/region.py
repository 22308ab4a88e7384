"""The visible part of a photo and its scale: geometry, and resampling of its pixels.

A preview is a block of the scaled whole photo. The block starts at multiples of 16 scaled pixels, so that its
latent, of positions of 8 x 8 pixels, and the cells of the finish are the same as those of the whole photo.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ..sampling import subsample

__all__ = ["Region", "resample", "subsample", "visible_region"]

_CELL = 16
"""Side of a cell of the finish in pixels, a multiple of the side of a latent position."""


@dataclass(frozen=True)
class Region:
    """A block of a scaled photo.

    Attributes:
        photo: height and width of the whole photo, in its own pixels.
        frame: height and width of the whole photo after scaling.
        rows: first and one past the last row of the block, in scaled pixels; the first is a multiple of 16.
        cols: first and one past the last column, likewise.
    """

    photo: tuple[int, int]
    frame: tuple[int, int]
    rows: tuple[int, int]
    cols: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the block, in scaled pixels."""
        return self.rows[1] - self.rows[0], self.cols[1] - self.cols[0]

    @property
    def step(self) -> tuple[float, float]:
        """Photo pixels per scaled pixel, vertically and horizontally."""
        return self.photo[0] / self.frame[0], self.photo[1] / self.frame[1]

    @property
    def offset(self) -> tuple[float, float]:
        """Position of the center of the block's first pixel in photo pixels, whose centers are integers."""
        step_y, step_x = self.step
        return (self.rows[0] + 0.5) * step_y - 0.5, (self.cols[0] + 0.5) * step_x - 0.5

    @property
    def is_whole(self) -> bool:
        """Whether the block is the whole frame."""
        return self.rows == (0, self.frame[0]) and self.cols == (0, self.frame[1])

    @property
    def is_full_size(self) -> bool:
        """Whether one scaled pixel is one pixel of the photo."""
        return self.frame == self.photo


def visible_region(
    photo: tuple[int, int],
    corners: tuple[tuple[float, float], tuple[float, float]],
    pixels_on_screen: float = 1.0,
    most_pixels: int = 1_000_000,
    context: int = 0,
) -> Region:
    """Determine the block to render for the visible part of a photo.

    Args:
        photo: height and width of the whole photo.
        corners: (top, left) and (bottom, right) of the visible part, in photo pixels; they are clipped to the
            photo. If no part of the photo is visible, the whole photo is used.
        pixels_on_screen: screen pixels per photo pixel; the scale of the block is at most 1.
        most_pixels: the visible part is scaled down to at most about this number of pixels.
        context: number of scaled pixels by which the block extends beyond the visible part within the photo.
    """
    top, left, bottom, right = _clipped(photo, corners)
    scale = min(1.0, pixels_on_screen, math.sqrt(most_pixels / ((bottom - top) * (right - left))))
    frame = (max(1, round(photo[0] * scale)), max(1, round(photo[1] * scale)))
    down, across = frame[0] / photo[0], frame[1] / photo[1]
    rows = _aligned(max(0, top * down - context), min(frame[0], bottom * down + context), frame[0])
    cols = _aligned(max(0, left * across - context), min(frame[1], right * across + context), frame[1])
    return Region(photo, frame, rows, cols)


def _clipped(
    photo: tuple[int, int], corners: tuple[tuple[float, float], tuple[float, float]]
) -> tuple[float, float, float, float]:
    (top, left), (bottom, right) = corners
    top, bottom = max(0.0, min(top, bottom)), min(float(photo[0]), max(top, bottom))
    left, right = max(0.0, min(left, right)), min(float(photo[1]), max(left, right))
    if bottom - top < 1 or right - left < 1:
        return 0.0, 0.0, float(photo[0]), float(photo[1])
    return top, left, bottom, right


def _aligned(start: float, stop: float, total: int) -> tuple[int, int]:
    first = min(int(start) // _CELL * _CELL, (total - 1) // _CELL * _CELL)
    last = min(total, math.ceil(stop / _CELL) * _CELL)
    return first, max(last, min(total, first + _CELL))


def resample(
    pixels: np.ndarray, region: Region, prepare: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    """Resample a block's pixels with a Hamming window.

    Args:
        pixels: the whole photo, H x W x 3, of any numeric type; only the pixels of the block are read.
        prepare: function applied to the photo's pixels (float32) of the block before resampling.

    Returns:
        h x w x 3, float32, in the units of ``pixels``.
    """
    step_y, step_x = region.step
    if region.is_full_size:
        part = pixels[region.rows[0] : region.rows[1], region.cols[0] : region.cols[1], :3]
        part = np.ascontiguousarray(part, np.float32)
        return part if prepare is None else prepare(part)
    top, bottom = _covered(region.rows, step_y, region.photo[0])
    left, right = _covered(region.cols, step_x, region.photo[1])
    part = np.asarray(pixels[top:bottom, left:right, :3], np.float32)
    if prepare is not None:
        part = prepare(part)
    box = (
        region.cols[0] * step_x - left,
        region.rows[0] * step_y - top,
        min(region.cols[1] * step_x - left, part.shape[1]),
        min(region.rows[1] * step_y - top, part.shape[0]),
    )
    height, width = region.shape
    planes = [_resize(part[..., channel], (width, height), box) for channel in range(3)]
    return np.stack(planes, -1)


def _covered(span: tuple[int, int], step: float, total: int) -> tuple[int, int]:
    """The photo's pixels needed for a span of scaled pixels, including the filter's support."""
    return max(0, math.floor((span[0] - 1) * step) - 1), min(total, math.ceil((span[1] + 1) * step) + 1)


def _resize(plane: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]) -> np.ndarray:
    image: Any = Image.fromarray(np.ascontiguousarray(plane))
    return np.asarray(image.resize(size, Image.Resampling.HAMMING, box=box), np.float32)
