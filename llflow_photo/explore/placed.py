"""A photo's latent, seen from a block of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..engine.latent import AnyLatent, Blend, Latent
from .region import Region

__all__ = ["Placed", "place", "with_brightness"]


@dataclass(frozen=True)
class Placed:
    """A latent of the whole frame for one who decodes only a block of it.

    Attributes:
        latent: of the whole frame.
        row: the block's first row in the frame's latent grid (one position per 8 pixels).
        col: its first column.
        height8: rows of the frame's latent grid.
        width8: columns of it.
    """

    latent: AnyLatent
    row: int
    col: int
    height8: int
    width8: int

    @property
    def brightness(self) -> float:
        """Shift along the model's brightness direction."""
        return self.latent.brightness

    def offset_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """Offset from the mean, 192 x rows x cols, rows and columns counted from the block's first.

        ``height8`` and ``width8`` describe the block; the noise follows the frame's.
        """
        return self.latent.offset_block(*self._where(rows, cols))

    def gain_noise_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """Gains that noise brings, 2 x rows x cols in EV, as of `offset_block`."""
        return self.latent.gain_noise_block(*self._where(rows, cols))

    def gain_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """All gains, the brightness among them."""
        return self.latent.gain_block(*self._where(rows, cols))

    def _where(self, rows: slice, cols: slice) -> tuple[slice, slice, int, int]:
        down = slice(rows.start + self.row, rows.stop + self.row)
        across = slice(cols.start + self.col, cols.stop + self.col)
        return down, across, self.height8, self.width8


def place(latent: AnyLatent, region: Region) -> AnyLatent | Placed:
    """``latent`` of the region's frame, for decoding the region alone."""
    if region.is_whole:
        return latent
    return Placed(
        latent, region.rows[0] // 8, region.cols[0] // 8, -(-region.frame[0] // 8), -(-region.frame[1] // 8)
    )


def with_brightness(latent: AnyLatent, brightness: float) -> AnyLatent:
    """The same noise under another brightness."""
    if isinstance(latent, Latent):
        return replace(latent, brightness=brightness)
    parts = tuple((with_brightness(part, brightness), weight) for part, weight in latent.parts)
    return Blend(parts)
