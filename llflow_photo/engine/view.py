"""The photo as tiles see it: whole-photo statistics decided once, then sliced and padded like the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..errors import ImageInputError
from ..flow import Size
from ..flow.exposure import exposed
from ..flow.inputs import equalize, network_input
from ..flow.llflow import pad_to_multiple
from ..flow.statistics import PhotoStatistics
from .tiles import Tile

__all__ = ["View", "prepare"]

_TYPES = ("float32", "float16", "float64", "uint8")


class View:
    """A photo and its whole-photo statistics.

    Attributes:
        height: of the photo, pixels.
        width: of the photo, pixels.
        padded_height: the same, rounded up to a multiple of 8.
        padded_width: likewise.
        gain_ev: stops by which the network sees the photo brighter than it is.
        table: equalization table of what the network sees, 3 x 256, float32.
    """

    def __init__(
        self,
        pixels: np.ndarray,
        statistics: PhotoStatistics | None = None,
        exposure_rule: Sequence[float] = (),
    ) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise ImageInputError(f"the photo is an array of {pixels.shape}; give height x width x 3")
        if pixels.dtype.name not in _TYPES:
            raise ImageInputError(f"the photo is of {pixels.dtype}; give float32 in [0, 1] or uint8")
        self._pixels = pixels
        self.height, self.width = pixels.shape[:2]
        self.padded_height = self.height + -self.height % Size.MULTIPLE
        self.padded_width = self.width + -self.width % Size.MULTIPLE
        if statistics is None:
            statistics = _statistics(pixels, exposure_rule)
        self.gain_ev = statistics.gain_ev
        self.table = torch.from_numpy(np.asarray(statistics.equalization, np.float32))

    def image(self, tile: Tile) -> Tensor:
        """What the tile reads, as bright as the network sees it: 3 x rows x cols, float32, in [0, 1]."""
        part = self._pixels[tile.rows.start : tile.rows.stop, tile.cols.start : tile.cols.stop]
        part = np.array(part.transpose(2, 0, 1), np.float32, order="C")
        if self._pixels.dtype == np.uint8:
            part /= np.float32(255)
        seen = exposed(torch.from_numpy(part).clamp_(0, 1), self.gain_ev)
        return pad_to_multiple(seen[None])[0]


def prepare(image: Tensor, table: Tensor) -> Tensor:
    """N x 3 x H x W and the photo's table to the network's input, N x 12 x H x W."""
    return network_input(image, equalize(image, table))


def _statistics(pixels: np.ndarray, exposure_rule: Sequence[float]) -> PhotoStatistics:
    if pixels.dtype != np.uint8 and not all(np.isfinite(row).all() for row in pixels):
        raise ImageInputError("the photo holds values that are not finite; replace them first")
    return PhotoStatistics.of(pixels, exposure_rule)
