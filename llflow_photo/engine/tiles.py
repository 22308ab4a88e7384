"""Tile geometry: the part of a photo that each tile reads, and the weights with which it is written.

Tiles are equal in size, overlap by at least two halos, and are blended over a narrow ramp in the middle of
the overlap. Weights are the outer product of one vector per axis; at every pixel the weights of all tiles sum
to one; they are zero from the border of the tile up to ``halo - RAMP / 2`` pixels inside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import OptionError
from ..flow import Size

__all__ = ["RAMP", "TILE_SIDES", "Span", "Tile", "plan_axis", "plan_tiles", "tile_side"]

RAMP = 16
"""Width of the transition from one tile to the next, pixels."""
TILE_SIDES = (1008, 768, 512, 384, 256)
"""Possible sides of tiles, the fastest first.

With 1008, the largest features of the shipped networks are below 32 MiB. glibc gets larger ones from the
system each time, which costs up to half of the time with larger tiles.
"""


def tile_side(wanted: int, halo: int, halos: int = 2) -> int:
    """The side of a tile, pixels: ``wanted``, or more if the halo needs it, a multiple of 8.

    Args:
        wanted: pixels.
        halo: context on each side, a multiple of 8.
        halos: the side is at least this number of halos, and at least two halos and four latent positions.
            With ``n`` halos, a photo much larger than the tile is read about ``(n / (n - 2)) ** 2`` times.
    """
    return max(wanted // Size.MULTIPLE * Size.MULTIPLE, halos * halo, 2 * halo + 4 * Size.MULTIPLE)


@dataclass(frozen=True)
class Span:
    """One tile's extent along one axis, in pixels of the padded photo.

    Attributes:
        start: first pixel read, a multiple of 8.
        stop: one past the last pixel read, a multiple of 8.
        weights: stop - start, float32, in [0, 1].
    """

    start: int
    stop: int
    weights: np.ndarray

    @property
    def latent(self) -> slice:
        """The latent positions that are read."""
        return slice(self.start // Size.MULTIPLE, self.stop // Size.MULTIPLE)

    def written(self) -> slice:
        """The pixels of the span, counted from its start, whose weights are not zero."""
        inside = np.flatnonzero(self.weights)
        return slice(int(inside[0]), int(inside[-1]) + 1)


@dataclass(frozen=True)
class Tile:
    """A rectangle of the padded photo."""

    rows: Span
    cols: Span


def plan_axis(length: int, tile: int, halo: int) -> list[Span]:
    """Cover ``length`` pixels with equal spans of at most ``tile`` pixels.

    Args:
        length: a multiple of 8.
        tile: pixels read per tile, halo included, a multiple of 8.
        halo: context on each side, a multiple of 8, at least `RAMP` unless one tile is enough.

    Raises:
        OptionError: several tiles are needed, and the halo is smaller than `RAMP`, or the tile is too small
            for its halo.
    """
    count = _count(length, tile, halo)
    if count == 1:
        return [Span(0, length, np.ones(length, np.float32))]
    read = _shared(length, count, halo)
    starts = [
        index * (length - read) // (count - 1) // Size.MULTIPLE * Size.MULTIPLE for index in range(count)
    ]
    spans = []
    for index, start in enumerate(starts):
        weights = np.ones(read, np.float32)
        if index:
            weights *= _ramp(starts[index - 1] + read, start, read)
        if index + 1 < count:
            weights *= 1 - _ramp(start + read, starts[index + 1], read, start)
        spans.append(Span(start, start + read, weights))
    return spans


def plan_tiles(height: int, width: int, tile: int, halo: int) -> list[Tile]:
    """Tiles of a photo of ``height`` x ``width`` (multiples of 8), row by row.

    They are equal rectangles of at most ``tile`` squared pixels, with which the fewest pixels are read.

    Raises:
        OptionError: see `plan_axis`.
    """
    pairs = (
        (row, col)
        for row in _divisions(height, tile, halo)
        for col in _divisions(width, tile, halo)
        if row.side * col.side <= tile**2
    )
    row, col = min(pairs, key=lambda pair: math.prod(one.spans * one.side for one in pair))
    return list(_tiles(plan_axis(height, row.side, halo), plan_axis(width, col.side, halo)))


class _Division(NamedTuple):
    """A number of equal spans of an axis, and the pixels that each of them reads."""

    spans: int
    side: int


def _divisions(length: int, tile: int, halo: int) -> list[_Division]:
    """That of `plan_axis`, and others with spans of 2/3 to 3/2 of ``tile`` pixels, if transitions fit in."""
    count = _count(length, tile, halo)
    usual = _Division(count, _shared(length, count, halo))
    if count == 1:
        return [usual]
    shortest = max(2 * tile / 3, 2 * halo + 2 * RAMP)
    others = (_Division(n, _shared(length, n, halo)) for n in range(1, 2 * count) if n != count)
    return [usual, *(one for one in others if shortest <= one.side <= 1.5 * tile)]


def _tiles(rows: list[Span], cols: list[Span]) -> Iterator[Tile]:
    for row in rows:
        for col in cols:
            yield Tile(row, col)


def _ramp(end_of_first: int, start_of_second: int, read: int, origin: int | None = None) -> np.ndarray:
    """The second tile's weights in a transition, at ``read`` pixels from ``origin`` (default: its start)."""
    center = (end_of_first + start_of_second) / 2
    pixels = np.arange(read) + (start_of_second if origin is None else origin) + 0.5
    return np.clip((pixels - center) / RAMP + 0.5, 0, 1).astype(np.float32)


def _count(length: int, tile: int, halo: int) -> int:
    """The smallest number of spans of at most ``tile`` pixels; for errors see `plan_axis`."""
    if length <= tile:
        return 1
    if halo < RAMP:
        raise OptionError(f"halo is {halo}; tiles are blended over {RAMP} pixels: give at least {RAMP}")
    step = tile - 2 * halo
    if step < Size.MULTIPLE:
        raise OptionError(
            f"a tile of {tile} pixels is too small for a halo of {halo} pixels on each side; make it larger"
        )
    return math.ceil((length - 2 * halo) / step)


def _shared(length: int, count: int, halo: int) -> int:
    """Pixels that each of ``count`` equal spans reads, a multiple of 8."""
    return length if count == 1 else _round_up((length - 2 * halo) / count) + 2 * halo


def _round_up(pixels: float) -> int:
    return math.ceil(pixels / Size.MULTIPLE) * Size.MULTIPLE
