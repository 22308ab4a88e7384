"""What is decided once for a whole photo before any part of it goes through the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .inputs import equalization_table
from .sizes import Size
from .thumbnail import thumbnail

__all__ = ["PhotoStatistics"]


@dataclass(frozen=True)
class PhotoStatistics:
    """Whole-photo statistics that every part of the photo is rendered with.

    Attributes:
        equalization: 3 x 256, `inputs.equalization_table`, which the paper's encoder needs.
        thumbnail: 3 x S x S, linear light, `thumbnail.thumbnail`, which a whole-photo branch needs.
    """

    equalization: np.ndarray | None = None
    thumbnail: np.ndarray | None = None

    @classmethod
    def of(cls, view: np.ndarray, size: Size) -> PhotoStatistics:
        """What a network of this size needs of a photo, H x W x 3, sRGB-encoded, float in [0, 1] or uint8."""
        if size.sees_whole_photo:
            return cls(thumbnail=thumbnail(view))
        return cls(equalization=equalization_table(view))
