"""Decoding TIFF of any depth: 8, 16 and 32 bits, integers and floats, strips and tiles, chunky and planar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import FormatError, ReadError
from .directory import Directory, exif_block
from .exif import orientation_of
from .limits import check_size
from .parse import Buffer, numbers_of, packet_of
from .samples import Samples
from .unpack import COMPRESSIONS, FLOAT24, undo_predictor, unpack

__all__ = ["assemble_page", "decode_tiff", "needs_pillow"]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE = 0, 1, 2, 3
_IMAGE_TAGS_OF_LAYOUT = {
    0x0111,
    0x0117,
    0x0144,
    0x0145,
    0x014A,
    0x0140,
    0x02BC,
    0x83BB,
    0x8773,
    0x8649,
    0x015B,
}


@dataclass(frozen=True)
class _Layout:
    """How the samples of a page are stored."""

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


def needs_pillow(directory: Directory) -> bool:
    """Whether a page is better left to Pillow: JPEG inside, YCbCr, CMYK, fewer than 8 bits."""
    photometric, compression = _one(directory, 262, -1), _one(directory, 259, 1)
    bits = numbers_of(directory, 258) or (1,)
    return (
        photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE)
        or compression not in COMPRESSIONS
        or bits[0] < 8
        or _one(directory, 266, 1) != 1
    )


def decode_tiff(data: Buffer, directories: list[Directory], name: str, max_pixels: int) -> Samples:
    """The first full-size page of a parsed TIFF file.

    Raises:
        FormatError: samples of a kind that is no photo's.
        ReadError: strips are missing, truncated or damaged.
    """
    page = main_page(directories)
    order = "<" if bytes(data[:2]) == b"II" else ">"
    layout = _layout(page, order, name)
    check_size(layout.width, layout.height, len(data), max_pixels, name)
    values = _assemble(data, layout, name)
    samples = Samples(*_as_photo(values, page, layout, name))
    if layout.channels not in (1, 3):
        samples.notes.append("channels beyond color (alpha or spot) were not kept")
    if len(directories) > 1:
        samples.notes.append("only the first full-size page was read")
    add_metadata(samples, page)
    return samples


def assemble_page(data: Buffer, page: Directory, order: str, name: str) -> np.ndarray:
    """The samples of a page as it holds them: H x W x channels, in the machine's byte order.

    Args:
        data: the file.
        order: its byte order, ``<`` or ``>``.

    Raises:
        FormatError: a compression or kind of samples that cannot be read.
        ReadError: strips are missing, truncated or damaged.
    """
    return _assemble(data, _layout(page, order, name), name)


def main_page(directories: list[Directory]) -> Directory:
    """The first page that is no reduced copy; the first of all where there is none."""
    for directory in directories:
        if 256 in directory and not int(_one(directory, 254, 0)) & 1:
            return directory
    return directories[0]


def add_metadata(samples: Samples, page: Directory) -> None:
    """EXIF (the page's own tags), XMP, IPTC and ICC."""
    samples.orientation = orientation_of(page)
    samples.exif = exif_block({k: v for k, v in page.items() if k not in _IMAGE_TAGS_OF_LAYOUT})
    for code, attribute in ((700, "xmp"), (0x83BB, "iptc"), (0x8773, "icc")):
        packet = packet_of(page, code)
        if packet is not None:
            setattr(samples, attribute, packet)


def _one(directory: Directory, code: int, default: int) -> int:
    values = numbers_of(directory, code)
    return int(values[0]) if values else default


def _layout(page: Directory, order: str, name: str) -> _Layout:
    width, height = _one(page, 256, 0), _one(page, 257, 0)
    channels = _one(page, 277, 1)
    bits = {int(v) for v in numbers_of(page, 258) or (1,)}
    formats = {int(v) for v in numbers_of(page, 339) or (1,)}
    if len(bits) != 1 or len(formats) != 1 or not 1 <= channels <= 16:
        raise FormatError(
            f"{name} mixes samples of several depths, or has {channels} channels; that is no photo"
        )
    dtype = _dtype(bits.pop(), formats.pop(), order, name)
    tiled = 322 in page
    tile_width = _one(page, 322, 0) if tiled else width
    tile_height = _one(page, 323, 0) if tiled else min(_one(page, 278, height) or height, height)
    # Some writers give tiles' places as strips'.
    offsets = (numbers_of(page, 324) if tiled else ()) or numbers_of(page, 273)
    counts = (numbers_of(page, 325) if tiled else ()) or numbers_of(page, 279)
    if tile_width <= 0 or tile_height <= 0 or not offsets or len(offsets) != len(counts):
        raise ReadError(f"{name} does not say where its pixels are; the file is damaged")
    if tile_width > width + 65536 or tile_height > height + 65536:
        raise ReadError(f"{name} has tiles far larger than the picture; the file is damaged")
    return _Layout(
        width, height, channels, dtype, _one(page, 259, 1), _one(page, 317, 1), _one(page, 284, 1) == 2,
        tiled, tile_width, tile_height, tuple(int(v) for v in offsets), tuple(int(v) for v in counts), order,
    )  # fmt: skip


def _dtype(bits: int, sample_format: int, order: str, name: str) -> np.dtype:
    known = {(8, 1): "u1", (16, 1): "u2", (32, 1): "u4", (16, 3): "f2", (32, 3): "f4", (64, 3): "f8"}
    if (bits, sample_format) == (24, 3):
        return FLOAT24
    # Format 4 means "undefined"; it is used for plain integers.
    code = known.get((bits, 1 if sample_format == 4 else sample_format))
    if code is None:
        raise FormatError(f"{name} has {bits}-bit samples of format {sample_format}, which are no photo's")
    return np.dtype(order + code)


def _assemble(data: Buffer, layout: _Layout, name: str) -> np.ndarray:
    """All strips or tiles in place: H x W x channels, native byte order."""
    across = -(-layout.width // layout.tile_width)
    down = -(-layout.height // layout.tile_height)
    planes = layout.channels if layout.planar else 1
    depth = 1 if layout.planar else layout.channels
    if len(layout.offsets) < across * down * planes:
        raise ReadError(
            f"{name} is truncated: {len(layout.offsets)} of {across * down * planes} strips are there"
        )
    _check_extents(data, layout, name)
    dtype = np.dtype(np.float32) if layout.dtype == FLOAT24 else layout.dtype.newbyteorder("=")
    out = np.zeros((layout.height, layout.width, layout.channels), dtype)
    for index in range(across * down * planes):
        plane, rest = divmod(index, across * down)
        row, column = divmod(rest, across)
        top, left = row * layout.tile_height, column * layout.tile_width
        # Strips end with the picture; tiles are always whole.
        rows = layout.tile_height if layout.tiled else min(layout.tile_height, layout.height - top)
        block = _block(data, layout, index, rows, depth, name)
        high = min(rows, layout.height - top)
        wide = min(layout.tile_width, layout.width - left)
        target = out[top : top + high, left : left + wide]
        if layout.planar:
            target[..., plane] = block[:high, :wide, 0]
        else:
            target[...] = block[:high, :wide]
    return out


def _check_extents(data: Buffer, layout: _Layout, name: str) -> None:
    for offset, count in zip(layout.offsets, layout.counts, strict=True):
        if offset < 0 or count < 0 or offset + count > len(data):
            raise ReadError(f"{name} is truncated: pixels are missing at the end of the file")


def _block(data: Buffer, layout: _Layout, index: int, rows: int, depth: int, name: str) -> np.ndarray:
    size = rows * layout.tile_width * depth * layout.dtype.itemsize
    offset, count = layout.offsets[index], layout.counts[index]
    raw = unpack(bytes(data[offset : offset + count]), layout.compression, size, name)
    values = np.frombuffer(raw, layout.dtype).reshape(rows, layout.tile_width, depth)
    return undo_predictor(values, layout.predictor, layout.order)


def _as_photo(values: np.ndarray, page: Directory, layout: _Layout, name: str) -> tuple[np.ndarray, int]:
    """H x W x 3 or 1, unsigned 8 or 16 bits or float32, and the file's depth."""
    photometric = _one(page, 262, _BLACK_IS_ZERO)
    if photometric == _PALETTE:
        colors = _from_palette(values, page, name)
        # Tables of 8-bit colors are written with the byte repeated.
        return colors, 8 if not (colors % 257).any() else 16
    keep = 3 if photometric == _RGB else 1
    if layout.channels < keep:
        raise FormatError(f"{name} is declared RGB but has {layout.channels} channels")
    values = values[..., :keep]
    if values.dtype.kind == "f":
        values = values.astype(np.float32)
        if not np.isfinite(values).all():
            raise ReadError(f"{name} holds values that are not finite (NaN or infinite); repair it first")
        depth = 32
    elif values.dtype == np.uint32:
        values, depth = (values / 4294967295.0).astype(np.float32), 32
    else:
        depth = values.dtype.itemsize * 8
    if photometric == _WHITE_IS_ZERO:
        values = 1 - values if depth == 32 else ~values
    return values, depth


def _from_palette(values: np.ndarray, page: Directory, name: str) -> np.ndarray:
    table = np.array(numbers_of(page, 320), np.uint16)
    index = values[..., 0]
    if table.size % 3 or index.dtype.kind != "u" or table.size // 3 <= int(index.max()):
        raise ReadError(f"{name} has a palette that does not fit its pixels")
    return np.asarray(table.reshape(3, -1).T[index])
