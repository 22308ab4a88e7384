"""Opcode lists of DNG files, i.e. corrections: parsing and applying them.

Source: Adobe, Digital Negative Specification 1.7.1, chapter "Opcode List Processing".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ...errors import FormatError
from .opcode_bad_pixels import fix_constant, fix_list
from .opcode_points import (
    Grid,
    delta_per_column,
    delta_per_row,
    fix_vignette,
    gain_map,
    map_polynomial,
    map_table,
    scale_per_column,
    scale_per_row,
)
from .opcode_warp import warp_fisheye, warp_rectilinear, warp_rectilinear_2

__all__ = ["Opcode", "Step", "apply_opcodes", "parse_opcodes"]


class Opcode(IntEnum):
    """Identifiers of opcodes."""

    WarpRectilinear = 1
    WarpFisheye = 2
    FixVignetteRadial = 3
    FixBadPixelsConstant = 4
    FixBadPixelsList = 5
    TrimBounds = 6
    MapTable = 7
    MapPolynomial = 8
    GainMap = 9
    DeltaPerRow = 10
    DeltaPerColumn = 11
    ScalePerRow = 12
    ScalePerColumn = 13
    WarpRectilinear2 = 14


@dataclass(frozen=True)
class Step:
    """One opcode of a list: its identifier and its parameters as stored in the file."""

    identifier: int
    data: bytes

    @property
    def name(self) -> str:
        try:
            return Opcode(self.identifier).name
        except ValueError:
            return f"opcode {self.identifier}"


_Function = Callable[[np.ndarray, bytes, Grid], None]
_IN_PLACE: dict[int, _Function] = {
    Opcode.FixVignetteRadial: fix_vignette,
    Opcode.FixBadPixelsConstant: fix_constant,
    Opcode.FixBadPixelsList: fix_list,
    Opcode.MapTable: map_table,
    Opcode.MapPolynomial: map_polynomial,
    Opcode.GainMap: gain_map,
    Opcode.DeltaPerRow: delta_per_row,
    Opcode.DeltaPerColumn: delta_per_column,
    Opcode.ScalePerRow: scale_per_row,
    Opcode.ScalePerColumn: scale_per_column,
}
_WARPS: dict[int, Callable[[np.ndarray, bytes], np.ndarray]] = {
    Opcode.WarpRectilinear: warp_rectilinear,
    Opcode.WarpFisheye: warp_fisheye,
    Opcode.WarpRectilinear2: warp_rectilinear_2,
}


def parse_opcodes(block: bytes | None) -> list[Step]:
    """The opcodes of a list, in order. Lists are big-endian in all files.

    Raises:
        FormatError: the list is truncated.
    """
    if not block:
        return []
    if len(block) < 4:
        raise FormatError("the list has no count")
    (count,) = struct.unpack_from(">I", block)
    steps, position = [], 4
    for _ in range(count):
        if position + 16 > len(block):
            raise FormatError("the list ends early")
        identifier, _version, _flags, size = struct.unpack_from(">4I", block, position)
        position += 16
        if position + size > len(block):
            raise FormatError("the list ends early")
        steps.append(Step(identifier, block[position : position + size]))
        position += size
    return steps


def apply_opcodes(pixels: np.ndarray, block: bytes | None, grid: Grid, notes: list[str]) -> np.ndarray:
    """Apply a list of opcodes; opcodes that cannot be applied are noted.

    Args:
        pixels: H x W x C float32, changed in place.
        block: field with the list; None if the file has none.
        grid: description of the pixels.
        notes: list to which notes on omitted corrections are appended.

    Returns:
        the pixels, or a new array.
    """
    try:
        steps = parse_opcodes(block)
    except FormatError as error:
        notes.append(f"corrections in the DNG are damaged and were left out: {error}")
        return pixels
    for step in steps:
        try:
            pixels = _apply(pixels, step, grid, notes)
        except (struct.error, ValueError, OverflowError) as error:
            notes.append(f"a correction in the DNG ({step.name}) is damaged and was left out: {error}")
    return pixels


def _apply(pixels: np.ndarray, step: Step, grid: Grid, notes: list[str]) -> np.ndarray:
    if step.identifier in _IN_PLACE:
        _IN_PLACE[step.identifier](pixels, step.data, grid)
    elif step.identifier in _WARPS and not grid.mosaic:
        return _WARPS[step.identifier](pixels, step.data)
    else:
        # One note per opcode, however often it occurs.
        note = f"a correction in the DNG ({step.name}) was left out: it is not supported"
        if note not in notes:
            notes.append(note)
    return pixels
