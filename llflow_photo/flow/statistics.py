"""Statistics of a whole photo, computed once before any part of it goes through the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .inputs import equalization_table
from .sizes import Size
from .thumbnail import thumbnail

__all__ = ["PhotoStatistics"]


@dataclass(frozen=True)
class PhotoStatistics:
    """Statistics of a whole photo that are used for every part of it.

    Attributes:
        equalization: 3 x 256, `inputs.equalization_table`, for the paper's encoder.
        thumbnail: 3 x S x S, linear light, `thumbnail.thumbnail`, for a whole-photo branch.
    """

    equalization: np.ndarray | None = None
    thumbnail: np.ndarray | None = None

    @classmethod
    def of(cls, view: np.ndarray, size: Size, levels: np.ndarray | None = None) -> PhotoStatistics:
        """Compute what a network of this size needs.

        Args:
            view: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.
            levels: pixels to compute the histogram from, in the same form; by default ``view``.
        """
        levels = view if levels is None else levels
        if size.sees_whole_photo:
            return cls(thumbnail=thumbnail(view))
        return cls(equalization=equalization_table(levels))
