"""Conversion of DNG samples to linear light: black at 0, white at 1.

Source: Adobe, Digital Negative Specification 1.7.1, "Mapping Raw Values to Linear Reference Values".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...errors import ReadError
from ..tiff.directory import Directory
from ..tiff.parse import numbers_of
from ..tiff.tags import SampleFormat, Tag
from .picture import first_number

__all__ = ["Levels", "active_area"]

_BLOCK_ROWS = 256
# White is 1. Highlights may exceed it, but not by four stops in a twentieth of a photo.
_HEADROOM, _MUCH = 16.0, 0.05


@dataclass(frozen=True)
class Levels:
    """Levels of the samples of a DNG.

    Attributes:
        active: top, left, bottom, right of the light-sensitive area.
        table: linearization table, indexed by raw value; None if samples are linear.
        black: black levels, rows x columns x channels, repeated over the active area from its top left
            corner.
        black_by_column: offsets to ``black`` for the columns of the active area; or None.
        black_by_row: offsets to ``black`` for its rows; or None.
        white: white level of each channel, or one for all.
        floating: whether samples are floats; then values above white are kept.
    """

    active: tuple[int, int, int, int]
    table: np.ndarray | None
    black: np.ndarray
    black_by_column: np.ndarray | None
    black_by_row: np.ndarray | None
    white: np.ndarray
    floating: bool

    @classmethod
    def read(cls, directory: Directory, shape: tuple[int, int, int], name: str) -> Levels:
        """From the directory of a raw image with samples of ``shape``.

        Raises:
            ReadError: the white level is not above the black level.
        """
        height, width, channels = shape
        active = active_area(directory, height, width)
        table = np.array(numbers_of(directory, Tag.LinearizationTable), np.float32)
        floating = first_number(directory, Tag.SampleFormat, SampleFormat.Unsigned) == SampleFormat.Float
        levels = cls(
            active,
            table if table.size and not floating else None,
            _black(directory, channels),
            _deltas(directory, Tag.BlackLevelDeltaH, active[3] - active[1]),
            _deltas(directory, Tag.BlackLevelDeltaV, active[2] - active[0]),
            _white(directory, channels, table, floating),
            floating,
        )
        if not (levels.range > 0).all():
            raise ReadError(
                f"{name} declares a white level that is not above its black level; the file is "
                "damaged, copy it again"
            )
        return levels

    @property
    def range(self) -> np.ndarray:
        """Difference of white level and greatest black level, by channel."""
        greatest = self.black.max(axis=(0, 1))
        for deltas in (self.black_by_column, self.black_by_row):
            if deltas is not None:
                greatest = greatest + deltas.max()
        return np.asarray(self.white - greatest)

    def of_integers(self, samples: np.ndarray, notes: list[str]) -> Levels:
        """Levels with white at 65535 if undeclared and floating-point samples are evidently 16-bit values.

        The default of the specification is 1, but some programs write 16-bit values without declaring a white
        level.
        """
        if np.count_nonzero(samples > _HEADROOM) < _MUCH * samples.size:
            return self
        notes.append("the DNG has floating-point values without a white level; 65535 was assumed")
        return replace(self, white=np.array([65535.0]))

    def linearize(self, samples: np.ndarray) -> np.ndarray:
        """The active area in linear light.

        Args:
            samples: H x W x C, unsigned integers or floats, as stored in the file.

        Returns:
            float32, black at 0 (noise may be below), white at 1; integers are clipped there, floats are not.
        """
        top, left, bottom, right = self.active
        out = np.empty((bottom - top, right - left, samples.shape[2]), np.float32)
        scale = (1.0 / self.range).astype(np.float32)
        for start in range(0, out.shape[0], _BLOCK_ROWS):
            rows = slice(start, min(start + _BLOCK_ROWS, out.shape[0]))
            block = samples[top + rows.start : top + rows.stop, left:right]
            if self.table is not None:
                index = np.clip(np.rint(block), 0, self.table.size - 1).astype(np.intp)
                block = self.table[index]
            out[rows] = (block - self._black_of(rows, out.shape[1])) * scale
            if not self.floating:
                np.minimum(out[rows], 1.0, out=out[rows])
        return out

    def _black_of(self, rows: slice, width: int) -> np.ndarray:
        repeat_rows, repeat_columns = self.black.shape[:2]
        y, x = np.arange(rows.start, rows.stop), np.arange(width)
        if (self.black == self.black[:1, :1]).all():
            black = self.black[:1, :1]
        else:
            black = self.black[(y % repeat_rows)[:, None], x % repeat_columns]
        if self.black_by_column is not None:
            black = black + self.black_by_column[None, :, None]
        if self.black_by_row is not None:
            black = black + self.black_by_row[rows][:, None, None]
        return np.asarray(black, np.float32)


def active_area(directory: Directory, height: int, width: int) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the active area of a DNG; the whole image if undeclared."""
    numbers = [int(v) for v in numbers_of(directory, Tag.ActiveArea)]
    if len(numbers) == 4:
        top, left, bottom, right = numbers
        bottom, right = min(bottom, height), min(right, width)
        if 0 <= top < bottom and 0 <= left < right:
            return top, left, bottom, right
    return 0, 0, height, width


def _black(directory: Directory, channels: int) -> np.ndarray:
    values = np.array(numbers_of(directory, Tag.BlackLevel) or (0.0,), np.float64)
    repeat = [int(v) for v in numbers_of(directory, Tag.BlackLevelRepeatDim)]
    rows, columns = repeat if len(repeat) == 2 and min(repeat) > 0 else (1, 1)
    if values.size == rows * columns * channels:
        return values.reshape(rows, columns, channels)
    if values.size == rows * columns:
        return np.repeat(values.reshape(rows, columns, 1), channels, axis=2)
    if values.size == 4 and channels == 1:
        # Some converters omit BlackLevelRepeatDim for the four values of a Bayer pattern.
        return values.reshape(2, 2, 1)
    return np.full((1, 1, channels), values[0])


def _deltas(directory: Directory, tag: Tag, count: int) -> np.ndarray | None:
    values = np.array(numbers_of(directory, tag), np.float64)
    return values if values.size == count and values.any() else None


def _white(directory: Directory, channels: int, table: np.ndarray, floating: bool) -> np.ndarray:
    values = np.array(numbers_of(directory, Tag.WhiteLevel), np.float64)
    if values.size not in (1, channels):
        values = values[:1]
    if values.size:
        return values
    if floating:
        return np.ones(1)
    bits = int(first_number(directory, Tag.BitsPerSample, 16))
    # The default is the maximum sample value; a table may map samples to greater values.
    return np.array([max(2.0**bits - 1, float(table.max()) if table.size else 0.0)])
