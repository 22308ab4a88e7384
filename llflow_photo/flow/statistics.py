"""Statistics of a whole photo, computed once before any part of it goes through the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .inputs import equalization_table
from .sizes import Size
from .thumbnail import small_version, thumbnail

__all__ = ["PhotoStatistics"]


@dataclass(frozen=True)
class PhotoStatistics:
    """Statistics of a whole photo that are used for every part of it.

    Attributes:
        small: h x w x 3, float32, sRGB-encoded, `thumbnail.small_version`.
        equalization: 3 x 256, `inputs.equalization_table`, for the paper's encoder.
        thumbnail: 3 x S x S, linear light, `thumbnail.thumbnail`, for a whole-photo branch.
    """

    small: np.ndarray
    equalization: np.ndarray | None = None
    thumbnail: np.ndarray | None = None

    @classmethod
    def of(cls, view: np.ndarray, size: Size, levels: np.ndarray | None = None) -> PhotoStatistics:
        """Compute what a network of this size needs.

        Args:
            view: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.
            levels: pixels to compute the histogram from, in the same form; by default ``view``.
        """
        small = small_version(view)
        if size.sees_whole_photo:
            return cls(small, thumbnail=thumbnail(view))
        return cls(small, equalization=equalization_table(view if levels is None else levels))

    def with_small_version_of(self, view: np.ndarray) -> PhotoStatistics:
        """A copy with another photo's small version: that of a frame, if the rest is shared by a series."""
        return replace(self, small=small_version(view))
