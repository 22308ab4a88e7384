"""Light of squares of a photo, measured on the mosaic of its RAW file before clipping at black.

Development clips the noise of deep shadows at black, which raises their mean, by another amount in each
channel. Means of the mosaic itself have no such bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np

from .spaces import LINEAR_SRGB, REC2020_LINEAR, SRGB, convert

if TYPE_CHECKING:
    from ..photo import Photo

__all__ = ["SIDE", "KnownLight", "LightSamples", "sample_bounds"]

SIDE = 32
"""Side of a square, pixels."""
_SAMPLES = 8
_AROUND = 16


@dataclass(frozen=True)
class LightSamples:
    """Mean light of squares in a grid over a photo, see `sample_bounds`.

    Attributes:
        shape: height and width of the photo, pixels.
        light: rows x columns x 3, float32, linear Rec. 2020, white at 1, not clipped at black.
    """

    shape: tuple[int, int]
    light: np.ndarray


@dataclass(frozen=True)
class KnownLight:
    """The squares of a photo, as the network sees them, and their light.

    Attributes:
        views: N x S x S x 3, float32, sRGB-encoded in [0, 1]: the squares with their surroundings, row by
            row.
        cores: N x 2, first row and column of each square in its view.
        windows: N x 4, float32, position of each view in the frame, see `flow.whole_photo.grid_at`.
        light: rows x columns x 3, float32, linear sRGB: mean light of the squares; it can be negative.
    """

    views: np.ndarray
    cores: np.ndarray
    windows: np.ndarray
    light: np.ndarray

    @classmethod
    def of(cls, photo: Photo) -> Self | None:
        """The known light of a photo; None if it has no `LightSamples`, or if they are of another shape.

        One pixel more or less is allowed, as halves are rounded in different ways.
        """
        samples: LightSamples | None = (photo.metadata.raw or {}).get("light_samples")
        shape = photo.height, photo.width
        rows, columns = (sample_bounds(length)[:, 0] for length in shape)
        if samples is None or samples.light.shape[:2] != (len(rows), len(columns)):
            return None
        if any(abs(one - other) > 1 for one, other in zip(samples.shape, shape, strict=True)):
            return None
        side = min(SIDE + 2 * _AROUND, *shape)
        views, cores, windows = [], [], []
        for row, column in product(rows, columns):
            top, left = (
                _within(row - _AROUND, photo.height, side),
                _within(column - _AROUND, photo.width, side),
            )
            views.append(photo.pixels[top : top + side, left : left + side])
            cores.append((row - top, column - left))
            windows.append((top / photo.height, left / photo.width, side / photo.height, side / photo.width))
        encoded = convert(np.stack(views), photo.color_space, SRGB)
        return cls(
            np.clip(encoded, 0.0, 1.0),
            np.array(cores),
            np.array(windows, np.float32),
            convert(samples.light, REC2020_LINEAR, LINEAR_SRGB),
        )


def sample_bounds(length: int) -> np.ndarray:
    """First and one past the last pixel of each square along an axis of ``length`` pixels: N x 2.

    There are eight squares, or fewer if they would cover more than half of the axis, and none on an axis
    shorter than 64 pixels. A mirrored axis has the same squares, except for one in the middle.
    """
    count = min(_SAMPLES, length // (2 * SIDE))
    centers = (np.arange(count) + 0.5) * length / max(1, count)
    first = np.floor(centers - SIDE / 2).astype(int)
    mirrored = length - SIDE - first[::-1]
    first[(count + 1) // 2 :] = mirrored[(count + 1) // 2 :]
    return np.stack([first, first + SIDE], 1)


def _within(first: int, length: int, side: int) -> int:
    return min(max(0, first), length - side)
