"""Statistics of a whole photo, computed once before any part of it goes through the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..color.fast_curves import linear_light
from ..sampling import CellMeans
from .inputs import equalization_of, equalization_table, level_counts
from .sizes import Size
from .thumbnail import THUMBNAIL, rows_of, small_shape, small_version

__all__ = ["PhotoStatistics", "StatisticsOfRows"]


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
        gathered = StatisticsOfRows((view.shape[0], view.shape[1]), size, equalize=levels is None)
        for rows in rows_of(view):
            gathered.add(rows)
        statistics = gathered.result()
        if levels is None or size.sees_whole_photo:
            return statistics
        return replace(statistics, equalization=equalization_table(levels))

    def with_small_version_of(self, view: np.ndarray) -> PhotoStatistics:
        """A copy with another photo's small version: that of a frame, if the rest is shared by a series."""
        return replace(self, small=small_version(view))


class StatisticsOfRows:
    """Gathers the `PhotoStatistics` of a photo from blocks of its rows, so that it need not be in memory.

    Args:
        shape: height and width of the photo.
        size: of the network.
        equalize: whether the equalization is computed, if the network needs it.
    """

    def __init__(self, shape: tuple[int, int], size: Size, *, equalize: bool = True) -> None:
        self._small = CellMeans(shape, small_shape(shape))
        self._light = CellMeans(shape, (THUMBNAIL, THUMBNAIL)) if size.sees_whole_photo else None
        self._levels = np.zeros((3, 256), np.int64) if equalize and self._light is None else None

    def add(self, encoded: np.ndarray, linear: np.ndarray | None = None) -> None:
        """Add the next rows.

        Args:
            encoded: h x W x 3, float32, sRGB-encoded, in [0, 1].
            linear: the same in linear light; by default it is computed if it is needed.
        """
        self._small.add(encoded)
        if self._light is not None:
            self._light.add(linear_light(encoded) if linear is None else linear)
        if self._levels is not None:
            self._levels += level_counts(encoded)

    def result(self) -> PhotoStatistics:
        """The statistics, once all rows were added."""
        return PhotoStatistics(
            self._small.result(),
            None if self._levels is None else equalization_of(self._levels),
            None if self._light is None else np.ascontiguousarray(self._light.result().transpose(2, 0, 1)),
        )
