"""The input of the network: a photo or part of one, sliced into tiles that are padded like the whole."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import ImageInputError
from ..flow import Size
from ..flow.llflow import pad_to_multiple
from ..flow.statistics import PhotoStatistics
from .latent_window import LatentWindow
from .tiles import Tile

__all__ = ["FramePart", "View"]

_TYPES = ("float32", "float16", "float64", "uint8")


@dataclass(frozen=True)
class FramePart:
    """Position of a view in a whole frame.

    Attributes:
        frame: height and width of the whole frame, at the view's scale, pixels.
        top: first row of the view in the frame, a multiple of 8.
        left: first column, a multiple of 8.
    """

    frame: tuple[int, int]
    top: int = 0
    left: int = 0


class View:
    """A photo, or a part of one, that tiles are read from.

    Attributes:
        part: position of the view in its frame.
        height: of the view, pixels.
        width: of the view, pixels.
        padded_height: the same, rounded up to a multiple of 8.
        padded_width: likewise.

    Args:
        pixels: H x W x 3, sRGB-encoded, float in [0, 1] or uint8; not copied.
        part: position of the view in its frame; by default the view is the whole frame.
    """

    def __init__(self, pixels: np.ndarray, part: FramePart | None = None) -> None:
        if not isinstance(getattr(pixels, "dtype", None), np.dtype):
            kind = type(pixels).__name__
            raise ImageInputError(f"the photo is of type {kind}; give a numpy array of height x width x 3")
        if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise ImageInputError(f"the photo is an array of shape {pixels.shape}; give height x width x 3")
        if pixels.dtype.name not in _TYPES:
            raise ImageInputError(f"the photo has dtype {pixels.dtype}; give float32 in [0, 1] or uint8")
        self._pixels = pixels
        self.part = part or FramePart((pixels.shape[0], pixels.shape[1]))
        self.height, self.width = pixels.shape[:2]
        self.padded_height = self.height + -self.height % Size.MULTIPLE
        self.padded_width = self.width + -self.width % Size.MULTIPLE

    def without_pixels(self) -> View:
        """A copy that has the same place and size, but no tiles."""
        other = copy.copy(self)
        other._pixels = np.empty((0, 0, 3), np.float32)
        return other

    def statistics(self, size: Size) -> PhotoStatistics:
        """Compute the statistics that a network of this size needs, from the view as the whole photo.

        Raises:
            ImageInputError: the view contains values that are not finite.
        """
        if self._pixels.dtype != np.uint8 and not all(np.isfinite(row).all() for row in self._pixels):
            raise ImageInputError("the photo contains values that are not finite; replace them first")
        return PhotoStatistics.of(self._pixels, size)

    def image(self, tile: Tile) -> Tensor:
        """The pixels of a tile: 3 x rows x cols, float32, in [0, 1].

        Raises:
            RuntimeError: the pixels were released.
        """
        if not self._pixels.size:
            raise RuntimeError("the photo was released after its last rendering; encode it again")
        part = self._pixels[tile.rows.start : tile.rows.stop, tile.cols.start : tile.cols.stop]
        part = np.array(part.transpose(2, 0, 1), np.float32, order="C")
        if self._pixels.dtype == np.uint8:
            part /= np.float32(255)
        return pad_to_multiple(torch.from_numpy(part).clamp_(0, 1)[None])[0]

    def window(self, tile: Tile) -> Tensor:
        """Position of a tile in the frame: top, left, height, width as fractions of the frame; 4 values."""
        height, width = self.part.frame
        top, left = self.part.top + tile.rows.start, self.part.left + tile.cols.start
        rows, cols = tile.rows.stop - tile.rows.start, tile.cols.stop - tile.cols.start
        return torch.tensor([top / height, left / width, rows / height, cols / width])

    def latent_window(self, tile: Tile) -> LatentWindow:
        """The part of the frame's latent grid that the tile reads."""
        down, across = self.part.top // Size.MULTIPLE, self.part.left // Size.MULTIPLE
        rows, cols = tile.rows.latent, tile.cols.latent
        height, width = self.part.frame
        return LatentWindow(
            slice(rows.start + down, rows.stop + down),
            slice(cols.start + across, cols.stop + across),
            (-(-height // Size.MULTIPLE), -(-width // Size.MULTIPLE)),
        )
