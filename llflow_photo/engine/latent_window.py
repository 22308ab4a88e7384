"""Which part of a frame's latent grid is meant: a value passed instead of four."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LatentWindow"]


@dataclass(frozen=True)
class LatentWindow:
    """A rectangle of the latent grid of a whole frame; one grid position covers 8 x 8 pixels.

    Attributes:
        rows: rows of the grid, with start and stop.
        cols: columns of the grid, with start and stop.
        grid: rows and columns of the whole grid.
    """

    rows: slice
    cols: slice
    grid: tuple[int, int]

    @classmethod
    def whole(cls, rows: int, cols: int) -> LatentWindow:
        """All of a grid."""
        return cls(slice(0, rows), slice(0, cols), (rows, cols))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the rectangle."""
        return self.rows.stop - self.rows.start, self.cols.stop - self.cols.start
