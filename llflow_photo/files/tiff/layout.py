"""Storage layout of a TIFF page: size, sample type, offsets of strips and tiles."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from ...errors import FormatError, ReadError
from .directory import Directory
from .pages import one_number
from .parse import numbers_of
from .tags import Compression, PlanarConfiguration, Predictor, SampleFormat, Tag
from .unpack import FLOAT24

__all__ = ["Layout", "layout_of"]

_TYPES: dict[tuple[int, int], str] = {
    (8, SampleFormat.Unsigned): "u1", (16, SampleFormat.Unsigned): "u2", (32, SampleFormat.Unsigned): "u4",
    (16, SampleFormat.Float): "f2", (32, SampleFormat.Float): "f4", (64, SampleFormat.Float): "f8",
}  # fmt: skip
_FORMAT_NAMES: dict[int, str] = {
    SampleFormat.Unsigned: "unsigned",
    SampleFormat.Signed: "signed",
    SampleFormat.Float: "floating-point",
}


@dataclass(frozen=True)
class Layout:
    """Storage layout of a TIFF page. Strips are represented as tiles of the width of the image.

    Sizes are in pixels, offsets and counts in bytes. Samples of 9 to 15 bits are packed, row by row;
    ``dtype`` is that of the unpacked samples.
    """

    width: int
    height: int
    channels: int
    dtype: np.dtype
    compression: int
    predictor: int
    planar: bool
    tiled: bool
    tile_width: int
    tile_height: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    order: str
    bits: int

    @property
    def is_packed(self) -> bool:
        """Whether samples are packed, i.e. do not fill whole bytes."""
        return self.bits % 8 != 0

    def bytes_of_rows(self, rows: int) -> int:
        """Uncompressed size of a strip or tile with this number of rows."""
        per_row = self.tile_width * (1 if self.planar else self.channels) * self.bits
        return rows * (-(-per_row // 8))


def layout_of(page: Directory, order: str, file_bytes: int, name: str) -> Layout:
    """The layout of a page.

    Args:
        order: byte order of the file, ``<`` or ``>``.
        file_bytes: size of the file.

    Raises:
        FormatError: the sample format is not supported.
        ReadError: offsets are missing or invalid.
    """
    width, height = one_number(page, Tag.ImageWidth, 0), one_number(page, Tag.ImageLength, 0)
    channels = one_number(page, Tag.SamplesPerPixel, 1)
    bits = {int(v) for v in numbers_of(page, Tag.BitsPerSample) or (1,)}
    formats = {int(v) for v in numbers_of(page, Tag.SampleFormat) or (SampleFormat.Unsigned,)}
    if len(bits) != 1 or len(formats) != 1 or not 1 <= channels <= 16:
        raise FormatError(
            f"{name} mixes samples of several depths, or has {channels} channels, which is not supported"
        )
    depth = bits.pop()
    dtype = _dtype(depth, formats.pop(), order, name)
    tiled = Tag.TileWidth in page
    tile_width = one_number(page, Tag.TileWidth, 0) if tiled else width
    rows = min(one_number(page, Tag.RowsPerStrip, height) or height, height)
    tile_height = one_number(page, Tag.TileLength, 0) if tiled else rows
    # Some writers store tile offsets in the fields of strips.
    offsets = _places(page, Tag.TileOffsets, Tag.StripOffsets, tiled)
    if tile_width <= 0 or tile_height <= 0 or not offsets:
        raise ReadError(
            f"{name} does not declare the position of its pixel data; the file is damaged, copy it again"
        )
    if tile_width > width + 65536 or tile_height > height + 65536:
        raise ReadError(f"{name} has tiles far larger than the image; the file is damaged, copy it again")
    planar = (
        one_number(page, Tag.PlanarConfiguration, PlanarConfiguration.Chunky) == PlanarConfiguration.Planar
    )
    compression = one_number(page, Tag.Compression, Compression.Uncompressed)
    predictor = one_number(page, Tag.Predictor, Predictor.Nothing)
    layout = Layout(
        width, height, channels, dtype, compression, predictor, planar, tiled, tile_width,
        tile_height, offsets, (), order, depth,
    )  # fmt: skip
    whole = layout.bytes_of_rows(tile_height)
    counts = _places(page, Tag.TileByteCounts, Tag.StripByteCounts, tiled)
    if len(counts) != len(offsets) or not any(counts):
        counts = _guessed_counts(
            offsets, file_bytes, whole if compression == Compression.Uncompressed else None
        )
        if not tiled and compression == Compression.Uncompressed:
            counts = _last_is_shorter(counts, whole, height, tile_height)
    return replace(layout, counts=counts)


def _places(page: Directory, of_tiles: int, of_strips: int, tiled: bool) -> tuple[int, ...]:
    return tuple(int(v) for v in (numbers_of(page, of_tiles) if tiled else ()) or numbers_of(page, of_strips))


def _dtype(bits: int, sample_format: int, order: str, name: str) -> np.dtype:
    if (bits, sample_format) == (24, SampleFormat.Float):
        return FLOAT24
    # Some writers use "undefined" for unsigned integers.
    plain = SampleFormat.Unsigned if sample_format == SampleFormat.Undefined else sample_format
    if plain == SampleFormat.Unsigned and 8 < bits < 16:
        return np.dtype(np.uint16)
    code = _TYPES.get((bits, plain))
    if code is None:
        kind = _FORMAT_NAMES.get(sample_format, "complex")
        raise FormatError(
            f"{name} has {bits}-bit samples of format {sample_format} ({kind}), which are not supported; "
            "save it as 8- or 16-bit unsigned or as 32-bit floating point"
        )
    return np.dtype(order + code)


def _guessed_counts(offsets: tuple[int, ...], size: int, whole: int | None) -> tuple[int, ...]:
    """Byte counts that old programs omit: a strip ends with its pixels, or at the next strip."""
    starts = sorted({*offsets, size})
    following = {start: end for start, end in itertools.pairwise(starts)}
    return tuple(whole if whole is not None else following.get(start, 0) - start for start in offsets)


def _last_is_shorter(counts: tuple[int, ...], whole: int, height: int, rows: int) -> tuple[int, ...]:
    """Byte counts of uncompressed strips; the last strip of each plane ends with the image."""
    last = whole * (height - (height - 1) // rows * rows) // rows
    per_plane = -(-height // rows)
    return tuple(last if index % per_plane == per_plane - 1 else count for index, count in enumerate(counts))
