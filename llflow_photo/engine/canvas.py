"""Assembling a rendering from its tiles."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..errors import ImageInputError, NonFiniteOutputError
from .tiles import Span, Tile

__all__ = ["Canvas", "check_finite"]


class Canvas:
    """Adds weighted tiles to one image.

    Args:
        height: of the image, pixels.
        width: of the image, pixels.
        out: array to write to, height x width x 3, float32; by default a new one. Call `clear` first.

    Attributes:
        pixels: the array, not clipped before `finish`.
    """

    def __init__(self, height: int, width: int, out: np.ndarray | None = None) -> None:
        if out is None:
            out = np.empty((height, width, 3), np.float32)
        elif out.shape != (height, width, 3) or out.dtype != np.float32:
            raise ImageInputError(f"out is {out.dtype} {out.shape}; give float32 ({height}, {width}, 3)")
        self.pixels = out
        self._tensor = torch.from_numpy(out)

    def clear(self) -> None:
        """Set all pixels to 0."""
        self.pixels[...] = 0

    def add(self, tile: Tile, values: Tensor) -> None:
        """Add one tile's rendering, 3 x rows x cols, float32, on the CPU.

        Raises:
            NonFiniteOutputError: a value is infinite or NaN.
        """
        check_finite(values)
        height, width = self.pixels.shape[:2]
        rows, weights_y = _visible(tile.rows, height)
        cols, weights_x = _visible(tile.cols, width)
        place = self._tensor[
            tile.rows.start + rows.start : tile.rows.start + rows.stop,
            tile.cols.start + cols.start : tile.cols.start + cols.stop,
        ]
        place.addcmul_(values[:, rows, cols].permute(1, 2, 0), torch.outer(weights_y, weights_x)[..., None])

    def finish(self) -> np.ndarray:
        """The image, clipped to [0, 1]."""
        self._tensor.clamp_(0, 1)
        return self.pixels


def check_finite(values: Tensor) -> None:
    """Raise an error if the network's output is not finite.

    Raises:
        NonFiniteOutputError: a value is infinite or NaN.
    """
    if not math.isfinite(float(values.sum())):  # faster than testing every value
        raise NonFiniteOutputError(
            "the network's output is not finite; lower the temperature or the brightness, or use another "
            "model"
        )


def _visible(span: Span, length: int) -> tuple[slice, Tensor]:
    """The part of a span inside the photo whose weights are not zero, and these weights."""
    written = span.written()
    written = slice(written.start, min(written.stop, length - span.start))
    return written, torch.from_numpy(span.weights[written])
