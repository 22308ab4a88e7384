"""Decoding the samples of a DNG's raw image, before linearization.

Uncompressed, deflated and lossy JPEG data are decoded here, in all depths; lossless JPEG and packed depths by
LibRaw, which gets a file with this image only, so that it can neither choose another nor change its levels.
"""

from __future__ import annotations

import io

import numpy as np
import rawpy
from PIL import Image

from ...errors import FormatError, ReadError
from ..limits import check_size
from ..tiff.directory import BYTE, LONG, SHORT, Directory, Entry
from ..tiff.parse import Buffer, numbers_of
from ..tiff.read import assemble_page
from ..tiff.tags import Compression, Photometric, SampleFormat, Tag
from .picture import dng_bytes, first_number

__all__ = ["read_samples"]

_OWN = {Compression.Uncompressed, Compression.Deflate, Compression.PKZIPDeflate}
_LAYOUT = (
    Tag.NewSubfileType, Tag.ImageWidth, Tag.ImageLength, Tag.BitsPerSample, Tag.Compression,
    Tag.PhotometricInterpretation, Tag.SamplesPerPixel, Tag.RowsPerStrip, Tag.PlanarConfiguration,
    Tag.TileWidth, Tag.TileLength, Tag.CFARepeatPatternDim, Tag.CFAPattern,
)  # fmt: skip
_ADVICE = "or give a 16-bit TIFF that a RAW editor made from it"
_LOSSLESS_DNG = "save it as a DNG with lossless JPEG compression"


def read_samples(data: Buffer, directory: Directory, order: str, name: str, max_pixels: int) -> np.ndarray:
    """Decode the image of a directory.

    Args:
        data: content of the file.
        order: byte order of the file, ``<`` or ``>``.
        name: file name, for messages.
        max_pixels: refuse images that declare more pixels.

    Returns:
        H x W x C, unsigned integers or float32.

    Raises:
        FormatError: the compression or the sample format is not supported.
        ReadError: samples are missing or damaged.
    """
    width, height = (int(first_number(directory, tag, 0)) for tag in (Tag.ImageWidth, Tag.ImageLength))
    check_size(width, height, len(data), max_pixels, name)
    compression = int(first_number(directory, Tag.Compression, Compression.Uncompressed))
    bits = {int(v) for v in numbers_of(directory, Tag.BitsPerSample)}
    floating = first_number(directory, Tag.SampleFormat, SampleFormat.Unsigned) == SampleFormat.Float
    _refuse_compression(compression, name)
    if compression in _OWN and (floating or bits <= {8, 16, 32} or compression != Compression.Uncompressed):
        samples = assemble_page(data, directory, order, name)
        return samples.astype(np.float32) if samples.dtype.kind == "f" else samples
    blocks = _blocks(data, directory, name)
    if compression in (Compression.JPEG, Compression.LossyJPEG):
        for block in blocks:
            if block[:2] != b"\xff\xd8":
                raise ReadError(
                    f"{name} is damaged: pixel data is missing where the file says it is; copy it again"
                )
        if compression == Compression.LossyJPEG or _is_baseline(blocks[0]):
            return _lossy(blocks, directory, width, height, name)
    return _by_libraw(blocks, directory, (height, width), name)


def _refuse_compression(compression: int, name: str) -> None:
    if compression == Compression.JPEGXL:
        raise FormatError(
            f"{name} is a DNG compressed with JPEG XL, which is not supported; {_LOSSLESS_DNG} (Adobe DNG "
            "Converter or Lightroom with a compatibility before DNG 1.7; iPhones: ProRAW as JPEG Lossless), "
            f"{_ADVICE}"
        )
    if compression not in (*_OWN, Compression.JPEG, Compression.LossyJPEG):
        known = {Compression.VC5: "VC-5, as GoPro does", Compression.ZSTD: "Zstandard"}
        kind = known.get(Compression(compression)) if compression in set(Compression) else None
        raise FormatError(
            f"{name} is a DNG compressed with {kind or f'method {compression}'}, which is not supported; "
            f"{_LOSSLESS_DNG} (Adobe DNG Converter), {_ADVICE}"
        )


def _blocks(data: Buffer, directory: Directory, name: str) -> list[bytes]:
    """Strips or tiles, still compressed."""
    # Some writers store tile offsets in the fields of strips.
    offsets = numbers_of(directory, Tag.TileOffsets) or numbers_of(directory, Tag.StripOffsets)
    counts = numbers_of(directory, Tag.TileByteCounts) or numbers_of(directory, Tag.StripByteCounts)
    if not offsets or len(offsets) != len(counts):
        raise ReadError(
            f"{name} does not declare the position of its pixel data; the file is damaged, copy it again"
        )
    blocks = []
    for offset, count in zip(map(int, offsets), map(int, counts), strict=True):
        if offset < 0 or count <= 0 or offset + count > len(data):
            raise ReadError(f"{name} is truncated: pixels are missing at the end of the file; copy it again")
        blocks.append(bytes(data[offset : offset + count]))
    return blocks


def _is_baseline(stream: bytes) -> bool:
    """Whether a JPEG stream is lossy, i.e. its frame header is SOF0, SOF1 or SOF2 (ITU-T T.81)."""
    position = 2
    while position + 4 <= len(stream) and stream[position] == 0xFF:
        marker = stream[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return marker in (0xC0, 0xC1, 0xC2)
        position += 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
    return False


def _lossy(blocks: list[bytes], directory: Directory, width: int, height: int, name: str) -> np.ndarray:
    """8-bit samples of baseline JPEG strips or tiles."""
    tile_width = int(first_number(directory, Tag.TileWidth, width))
    tile_height = int(
        first_number(directory, Tag.TileLength, first_number(directory, Tag.RowsPerStrip, height))
    )
    if tile_width <= 0 or tile_height <= 0:
        raise ReadError(f"{name} has tiles of no size; the file is damaged, copy it again")
    across = -(-width // tile_width)
    if len(blocks) < across * -(-height // tile_height):
        raise ReadError(f"{name} is truncated: {len(blocks)} tiles do not cover the image; copy it again")
    channels = int(first_number(directory, Tag.SamplesPerPixel, 1))
    out = np.zeros((height, width, channels), np.uint8)
    for index, block in enumerate(blocks[: across * -(-height // tile_height)]):
        top, left = index // across * tile_height, index % across * tile_width
        try:
            with Image.open(io.BytesIO(block), formats=["JPEG"]) as image:
                tile = np.atleast_3d(np.asarray(image))
        except (OSError, ValueError, SyntaxError) as error:
            raise ReadError(f"{name} has a damaged tile: {error}; copy it again") from error
        target = out[top : top + tile_height, left : left + tile_width]
        if tile.shape[0] < target.shape[0] or tile.shape[1] < target.shape[1] or tile.shape[2] != channels:
            raise ReadError(
                f"{name} has a tile of {tile.shape} that does not fit; the file is damaged, copy it again"
            )
        target[...] = tile[: target.shape[0], : target.shape[1]]
    return out


def _by_libraw(blocks: list[bytes], directory: Directory, shape: tuple[int, int], name: str) -> np.ndarray:
    """Unpack the image by LibRaw, which returns unchanged raw values if there are no levels and tables.

    Packed samples and JPEG streams are big-endian in all files, so the file's byte order does not matter.
    """
    kept: Directory = {tag: directory[tag] for tag in _LAYOUT if tag in directory}
    kept |= {
        Tag.NewSubfileType: Entry.numbers(LONG, 0),
        Tag.Make: Entry.text("llflow-photo"),
        Tag.Model: Entry.text("DNG"),
        Tag.UniqueCameraModel: Entry.text("llflow-photo DNG"),
        Tag.DNGVersion: Entry(BYTE, bytes((1, 4, 0, 0))),
        Tag.WhiteLevel: Entry.numbers(LONG, 65535),
    }
    if int(first_number(directory, Tag.PhotometricInterpretation, 0)) == Photometric.CFA:
        kept.setdefault(Tag.CFARepeatPatternDim, Entry.numbers(SHORT, 2, 2))
    channels = int(first_number(directory, Tag.SamplesPerPixel, 1))
    try:
        with rawpy.imread(io.BytesIO(dng_bytes(kept, blocks))) as raw:
            values = np.atleast_3d(raw.raw_image)[..., :channels].copy()
    except (
        rawpy.LibRawFileUnsupportedError,
        rawpy.LibRawNotImplementedError,
        rawpy.NotSupportedError,
    ) as error:
        raise FormatError(
            f"{name} is a DNG of a kind that LibRaw does not support ({int(shape[1])} x {int(shape[0])}, "
            f"{channels} channels); {_LOSSLESS_DNG} (Adobe DNG Converter), {_ADVICE}"
        ) from error
    except Exception as error:  # LibRaw and its wrapper raise undocumented classes, too
        raise ReadError(
            f"{name} has pixel data that cannot be decoded; the file is damaged, copy it again"
        ) from error
    if values.shape != (*shape, channels):
        raise ReadError(
            f"{name} unpacks to {values.shape}, not to the size it declares; it is damaged, copy it again"
        )
    return values
