"""DNG opcodes that change each sample independently: gains, offsets and curves.

Source: Adobe, Digital Negative Specification 1.7.1, chapter "Opcode List Processing".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Area",
    "Grid",
    "delta_per_column",
    "delta_per_row",
    "fix_vignette",
    "gain_map",
    "map_polynomial",
    "map_table",
    "scale_per_column",
    "scale_per_row",
]

_AREA_BYTES = 32
_BLOCK_ROWS = 128
_FULL_SCALE = 65535.0


@dataclass(frozen=True)
class Grid:
    """Description of the pixels to which a list of opcodes is applied.

    Attributes:
        unit: value of white: 65535 for raw values (first list), 1 for linear light.
        limited: whether values are clipped at ``unit``; false for floating-point files.
        mosaic: whether there is one sample per pixel, of different colors.
        period: period of the mosaic's color pattern, rows and columns; 1 if there is no mosaic.
        step: rows and columns of the file per row and column of the pixels.
    """

    unit: float = 1.0
    limited: bool = True
    mosaic: bool = False
    period: int = 1
    step: int = 1


@dataclass(frozen=True)
class Area:
    """The samples that an opcode changes.

    Attributes:
        pixels: view of the samples, rows x columns x planes.
        rows, columns: coordinates in the file's image, pixels; the center of the first row is at 0.5.
        row_index, column_index: steps of the pitch from the first row and column of the area.
    """

    pixels: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    row_index: np.ndarray
    column_index: np.ndarray

    @classmethod
    def read(cls, pixels: np.ndarray, data: bytes, grid: Grid) -> Area:
        """From the area specification at the beginning of the parameters."""
        top, left, bottom, right, plane, planes, row_pitch, column_pitch = struct.unpack_from(">8I", data)
        if not row_pitch or not column_pitch:
            raise ValueError("a pitch is 0")
        height, width = pixels.shape[:2]
        y, y_index = _places(top, bottom, row_pitch, height, grid.step)
        x, x_index = _places(left, right, column_pitch, width, grid.step)
        view = pixels[_slice(y), _slice(x), plane : plane + planes]
        middle = grid.step / 2
        return cls(view, y * grid.step + middle, x * grid.step + middle, y_index, x_index)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Views of blocks of rows, to keep temporary arrays small."""
        for start in range(0, self.pixels.shape[0], _BLOCK_ROWS):
            rows = slice(start, min(start + _BLOCK_ROWS, self.pixels.shape[0]))
            yield rows, self.pixels[rows]


def _places(first: int, last: int, pitch: int, size: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Equally spaced indices along one axis, and the pitch step of each."""
    if step == 1:
        places = np.arange(first, min(last, size), pitch)
        return places, np.arange(places.size)
    # Pixels that represent several of the file belong to the area if their center does.
    places = np.arange(-(-first // step), min(-(-last // step), size), max(1, pitch // step))
    return places, np.maximum(places * step - first, 0) // pitch


def _slice(places: np.ndarray) -> slice:
    if places.size == 0:
        return slice(0, 0)
    stride = int(places[1] - places[0]) if places.size > 1 else 1
    return slice(int(places[0]), int(places[-1]) + 1, stride)


def _limit(values: np.ndarray, grid: Grid) -> None:
    # Noise below black is kept, so that dark areas average to black.
    if grid.limited:
        np.clip(values, -grid.unit, grid.unit, out=values)


def _extent(pixels: np.ndarray, grid: Grid) -> tuple[float, float]:
    """Rows and columns of the file's image."""
    return float(pixels.shape[0] * grid.step), float(pixels.shape[1] * grid.step)


def gain_map(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Multiply by a coarse gain map, interpolated bilinearly, constant beyond its outer points (GainMap)."""
    points_v, points_h = struct.unpack_from(">2I", data, _AREA_BYTES)
    spacing_v, spacing_h, origin_v, origin_h = struct.unpack_from(">4d", data, _AREA_BYTES + 8)
    (planes,) = struct.unpack_from(">I", data, _AREA_BYTES + 40)
    gains = _numbers(data, _AREA_BYTES + 44, ">f4", points_v * points_h * planes).astype(np.float32)
    gains = gains.reshape(points_v, points_h, planes)
    area = Area.read(pixels, data, grid)
    height, width = _extent(pixels, grid)
    across = _between(area.columns / width, origin_h, spacing_h, points_h)
    used = np.minimum(np.arange(area.pixels.shape[2]), planes - 1)
    for rows, block in area.blocks():
        low, high, part = _between(area.rows[rows] / height, origin_v, spacing_v, points_v)
        lines = gains[low] * (1 - part)[:, None, None] + gains[high] * part[:, None, None]
        low, high, part = across
        gain = lines[:, low] * (1 - part)[:, None] + lines[:, high] * part[:, None]
        np.multiply(block, gain[..., used], out=block)
        _limit(block, grid)


def _between(
    relative: np.ndarray, origin: float, spacing: float, points: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the map points before and after, and the interpolation weight."""
    if points < 1 or (points > 1 and not spacing > 0):
        raise ValueError("the map has no points, or no spacing")
    place = (relative - origin) / spacing if points > 1 else np.zeros_like(relative)
    place = np.clip(place, 0, points - 1)
    low = np.floor(place).astype(np.intp)
    return low, np.minimum(low + 1, points - 1), (place - low).astype(np.float32)


def _numbers(data: bytes, offset: int, dtype: str, count: int) -> np.ndarray:
    numbers = np.frombuffer(data, dtype, count, offset)
    if not np.isfinite(numbers).all():
        raise ValueError("a number is not finite")
    return numbers


def fix_vignette(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Multiply by 1 + k0 r^2 + k1 r^4 + ... + k4 r^10; r is 1 in the corner farthest from the center."""
    *k, center_x, center_y = (float(v) for v in _numbers(data, 0, ">f8", 7))
    height, width = pixels.shape[:2]
    # In pixels of this grid, as the ratio to the farthest corner is the same.
    y, x = np.arange(height) - center_y * (height - 1), np.arange(width) - center_x * (width - 1)
    farthest = np.square(np.abs(y[[0, -1]]).max()) + np.square(np.abs(x[[0, -1]]).max())
    if not farthest > 0:
        return
    for start in range(0, height, _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        square = ((y[rows, None] ** 2 + x[None] ** 2) / farthest).astype(np.float32)
        gain = np.zeros_like(square)
        for factor in reversed(k):
            gain = (gain + np.float32(factor)) * square
        pixels[rows] *= (gain + 1)[..., None]
        _limit(pixels[rows], grid)


def map_table(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Map values by a table of 16-bit values; beyond its end the last one is used (MapTable)."""
    (size,) = struct.unpack_from(">I", data, _AREA_BYTES)
    table = _numbers(data, _AREA_BYTES + 4, ">u2", size).astype(np.float32)
    if not size:
        raise ValueError("the table is empty")
    scale = np.float32(grid.unit / _FULL_SCALE)
    for _, block in Area.read(pixels, data, grid).blocks():
        index = np.clip(np.rint(block / scale), 0, size - 1).astype(np.intp)
        block[...] = table[index] * scale


def map_polynomial(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Map values, white at 1, by a polynomial of degree 8 or less (MapPolynomial)."""
    (degree,) = struct.unpack_from(">I", data, _AREA_BYTES)
    if degree > 8:
        raise ValueError(f"its polynomial is of degree {degree}")
    factors = _numbers(data, _AREA_BYTES + 4, ">f8", degree + 1).astype(np.float32)
    for _, block in Area.read(pixels, data, grid).blocks():
        x = block / np.float32(grid.unit)
        mapped = np.zeros_like(x)
        # Below black, where there is noise, the curve is continued by its tangent at black.
        positive = np.maximum(x, 0)
        for factor in factors[::-1]:
            mapped = mapped * positive + factor
        if degree:
            mapped += factors[1] * np.minimum(x, 0)
        block[...] = mapped * np.float32(grid.unit)
        _limit(block, grid)


def delta_per_row(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Add a number to each row."""
    area, numbers = _per_line(pixels, data, grid, by_row=True)
    area.pixels[...] += _offsets(numbers, grid)[:, None, None]
    _limit(area.pixels, grid)


def delta_per_column(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Add a number to each column."""
    area, numbers = _per_line(pixels, data, grid, by_row=False)
    area.pixels[...] += _offsets(numbers, grid)[None, :, None]
    _limit(area.pixels, grid)


def scale_per_row(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Multiply each row by a number."""
    area, numbers = _per_line(pixels, data, grid, by_row=True)
    area.pixels[...] *= numbers[:, None, None]
    _limit(area.pixels, grid)


def scale_per_column(pixels: np.ndarray, data: bytes, grid: Grid) -> None:
    """Multiply each column by a number."""
    area, numbers = _per_line(pixels, data, grid, by_row=False)
    area.pixels[...] *= numbers[None, :, None]
    _limit(area.pixels, grid)


def _per_line(pixels: np.ndarray, data: bytes, grid: Grid, *, by_row: bool) -> tuple[Area, np.ndarray]:
    """The area, and the parameter of each of its rows (columns)."""
    (count,) = struct.unpack_from(">I", data, _AREA_BYTES)
    numbers = _numbers(data, _AREA_BYTES + 4, ">f4", count).astype(np.float32)
    area = Area.read(pixels, data, grid)
    index = area.row_index if by_row else area.column_index
    if index.size and int(index[-1]) >= count:
        raise ValueError(f"it has {count} numbers for {int(index[-1]) + 1} lines")
    return area, numbers[index]


def _offsets(numbers: np.ndarray, grid: Grid) -> np.ndarray:
    """Offsets in the grid's unit.

    Files store them as fractions of white, or as raw values, as Adobe's SDK reads 16-bit data. Offsets below
    one raw value are therefore taken as fractions.
    """
    are_fractions = numbers.size == 0 or float(np.abs(numbers).max()) <= 1.0
    scale = grid.unit if are_fractions else grid.unit / _FULL_SCALE
    return np.asarray(numbers * np.float32(scale))
