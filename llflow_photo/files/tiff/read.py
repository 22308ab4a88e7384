"""Decoding TIFF of any depth: 8, 16 and 32 bits, integers and floats, strips and tiles, chunky and planar."""

from __future__ import annotations

import io

import numpy as np
from PIL import UnidentifiedImageError

from ...color.spaces import LINEAR_SRGB
from ...errors import FormatError, ReadError
from ..blank_data import blank_rows
from ..decoded_samples import Samples, whole_range
from ..limits import check_size
from ..metadata.exif import orientation_of
from ..metadata.photoshop import iptc_of_resources
from ..pillow.read import decode_raster
from .color import declared_space
from .directory import Directory, exif_block
from .lab import LAB_KINDS, lab_space, lab_to_linear
from .layout import Layout, layout_of
from .one_page import copy_of_page
from .pages import PhotoPage, one_number, photo_page
from .parse import Buffer, numbers_of, packet_of, place_of
from .tags import Compression, Photometric, Predictor, Tag
from .unpack import FLOAT24, OWN_COMPRESSIONS, check_compression, undo_predictor, unpack, unpack_bits

__all__ = ["assemble_page", "decode_tiff"]

_OWN_KINDS = (
    Photometric.WhiteIsZero, Photometric.BlackIsZero, Photometric.RGB, Photometric.Palette, *LAB_KINDS,
)  # fmt: skip
# Required fields of an intact page.
_REQUIRED = {
    Tag.ImageWidth, Tag.ImageLength, Tag.BitsPerSample, Tag.PhotometricInterpretation, Tag.SamplesPerPixel,
}  # fmt: skip
_IMAGE_TAGS_OF_LAYOUT = {
    Tag.StripOffsets, Tag.StripByteCounts, Tag.TileOffsets, Tag.TileByteCounts, Tag.SubIFDs, Tag.ColorMap,
    Tag.XMP, Tag.IPTC, Tag.ICCProfile, Tag.Photoshop, Tag.JPEGTables,
}  # fmt: skip
# Floating-point white is 1. Highlights may exceed it, but not by four stops in a twentieth of a photo.
_FAR_ABOVE_WHITE = 16.0
_SHARE_FAR_ABOVE = 0.05
_MUCH_ABOVE = 0.25


def decode_tiff(data: Buffer, directories: list[Directory], name: str, max_pixels: int) -> Samples:
    """Decode the photo among the pages of a parsed TIFF file.

    Raises:
        FormatError: the sample format or the compression is not supported.
        ReadError: strips are missing, truncated or damaged.
    """
    page = photo_page(directories)
    check_compression(_compression(page.layout), name)
    if _needs_pillow(page.layout):
        samples = _through_pillow(data, page, name, max_pixels)
        photometric = one_number(page.layout, Tag.PhotometricInterpretation, Photometric.RGB)
        if Tag.ICCProfile not in page.layout and photometric != Photometric.Separated:
            samples.icc = packet_of(page.metadata, Tag.ICCProfile)
    else:
        order = "<" if bytes(data[:2]) == b"II" else ">"
        layout = layout_of(page.layout, order, len(data), name)
        check_size(layout.width, layout.height, len(data), max_pixels, name)
        values = _assemble(data, layout, name)
        blank = blank_rows(values) if layout.compression == Compression.Uncompressed else []
        samples = _as_photo(values, page.metadata, layout, name)
        samples.notes += blank
        if one_number(page.layout, Tag.PhotometricInterpretation, Photometric.BlackIsZero) not in LAB_KINDS:
            samples.icc = packet_of(page.metadata, Tag.ICCProfile)
    samples.notes += page.notes
    _add_metadata(samples, page.metadata)
    return samples


def assemble_page(data: Buffer, page: Directory, order: str, name: str) -> np.ndarray:
    """Decode the samples of a page: H x W x channels, in native byte order.

    Args:
        data: content of the file.
        order: byte order of the file, ``<`` or ``>``.

    Raises:
        FormatError: the compression or the sample format is not supported.
        ReadError: strips are missing, truncated or damaged.
    """
    return _assemble(data, layout_of(page, order, len(data), name), name)


def _compression(page: Directory) -> int:
    return one_number(page, Tag.Compression, Compression.Uncompressed)


def _needs_pillow(page: Directory) -> bool:
    """Whether a page is decoded by Pillow: JPEG compression, YCbCr, CMYK, fewer than 8 bits."""
    photometric = one_number(page, Tag.PhotometricInterpretation, -1)
    bits = numbers_of(page, Tag.BitsPerSample) or (1,)
    return (
        photometric not in _OWN_KINDS
        or _compression(page) not in OWN_COMPRESSIONS
        or bits[0] < 8
        or one_number(page, Tag.FillOrder, 1) != 1
    )


def _through_pillow(data: Buffer, page: PhotoPage, name: str, max_pixels: int) -> Samples:
    """Decode a page by Pillow, from a copy of the file whose first page is that of the photo."""
    place = place_of(data, page.layout)
    if place is None:
        raise ReadError(
            f"{name} does not declare the position of its pixel data; the file is damaged, copy it again"
        )
    copy = copy_of_page(data, place)
    try:
        samples = decode_raster(io.BytesIO(copy), "tiff", name, len(data), max_pixels)
    except ReadError as error:
        if isinstance(error, FormatError):
            raise
        if _compression(page.layout) != Compression.OldJPEG:
            raise _unknown_kind(page.layout, name, error) or error from error.__cause__
        raise FormatError(
            f"{name} uses the old JPEG compression of TIFF 6.0, which could not be decoded; "
            "save it with LZW or Deflate"
        ) from error
    samples.notes = [
        note for note in samples.notes if not note.startswith("the file contains several images")
    ]
    samples.exif = samples.xmp = samples.iptc = None  # taken from the directories instead
    samples.applied = 1
    return samples


def _unknown_kind(page: Directory, name: str, error: ReadError) -> FormatError | None:
    """Error for an intact page that Pillow does not support; None if the page is broken."""
    bits = one_number(page, Tag.BitsPerSample, 1)
    photometric = one_number(page, Tag.PhotometricInterpretation, -1)
    is_deep_jpeg = _compression(page) == Compression.JPEG and bits > 8
    if not is_deep_jpeg and not (
        isinstance(error.__cause__, UnidentifiedImageError) and page.keys() >= _REQUIRED
    ):
        return None
    kind = "JPEG of" if is_deep_jpeg else f"photometric interpretation {photometric} with"
    return FormatError(
        f"{name} is a TIFF of a kind that is not supported ({kind} {bits} bits per channel); save it as RGB "
        "of 8 or 16 bits with LZW or Deflate"
    )


def _add_metadata(samples: Samples, page: Directory) -> None:
    """Add EXIF (fields of the page), orientation, XMP and IPTC."""
    samples.orientation = orientation_of(page)
    samples.exif = exif_block({k: v for k, v in page.items() if k not in _IMAGE_TAGS_OF_LAYOUT})
    samples.xmp, samples.iptc = packet_of(page, Tag.XMP), packet_of(page, Tag.IPTC)
    if samples.iptc is None and (resources := packet_of(page, Tag.Photoshop)) is not None:
        samples.iptc = iptc_of_resources(resources)


def _assemble(data: Buffer, layout: Layout, name: str) -> np.ndarray:
    """Assemble all strips or tiles: H x W x channels, native byte order."""
    across = -(-layout.width // layout.tile_width)
    down = -(-layout.height // layout.tile_height)
    planes = layout.channels if layout.planar else 1
    depth = 1 if layout.planar else layout.channels
    if len(layout.offsets) < across * down * planes:
        raise ReadError(
            f"{name} is truncated: {len(layout.offsets)} of {across * down * planes} strips are present; "
            "copy it again"
        )
    _check_extents(data, layout, name)
    dtype = np.dtype(np.float32) if layout.dtype == FLOAT24 else layout.dtype.newbyteorder("=")
    out = np.zeros((layout.height, layout.width, layout.channels), dtype)
    for index in range(across * down * planes):
        plane, rest = divmod(index, across * down)
        row, column = divmod(rest, across)
        top, left = row * layout.tile_height, column * layout.tile_width
        # The last strip ends with the image; tiles are always complete.
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


def _check_extents(data: Buffer, layout: Layout, name: str) -> None:
    for offset, count in zip(layout.offsets, layout.counts, strict=True):
        if offset < 0 or count < 0 or offset + count > len(data):
            raise ReadError(f"{name} is truncated: pixels are missing at the end of the file; copy it again")


def _block(data: Buffer, layout: Layout, index: int, rows: int, depth: int, name: str) -> np.ndarray:
    size = layout.bytes_of_rows(rows)
    offset, count = layout.offsets[index], layout.counts[index]
    raw = unpack(bytes(data[offset : offset + count]), layout.compression, size, name)
    if layout.is_packed:
        if layout.predictor != Predictor.Nothing:
            raise FormatError(f"{name} uses a predictor with {layout.bits}-bit samples; save it with 16 bits")
        return unpack_bits(raw, layout.bits, (rows, layout.tile_width, depth))
    values = np.frombuffer(raw, layout.dtype).reshape(rows, layout.tile_width, depth)
    return undo_predictor(values, layout.predictor, layout.order)


def _as_photo(values: np.ndarray, page: Directory, layout: Layout, name: str) -> Samples:
    """H x W x 3 or 1, unsigned 8 or 16 bits or float32, with the file's depth."""
    photometric = one_number(page, Tag.PhotometricInterpretation, Photometric.BlackIsZero)
    if photometric == Photometric.Palette:
        colors = _from_palette(values, page, name)
        # In palettes of 8-bit colors both bytes of an entry are equal.
        return Samples(colors, 8 if not (colors % 257).any() else 16)
    notes: list[str] = []
    if photometric == Photometric.BlackIsZero and _colors(page, layout) == 3:
        photometric = Photometric.RGB
        notes.append(
            "the file is declared as gray but has three colors; they were read as red, green and blue"
        )
    keep = 3 if photometric == Photometric.RGB or photometric in LAB_KINDS else 1
    if layout.channels < keep:
        raise FormatError(f"{name} is declared to have {keep} colors but has {layout.channels} channels")
    values = values[..., :keep]
    if photometric in LAB_KINDS:
        if layout.is_packed:
            raise FormatError(f"{name} has L*a*b* samples of {layout.bits} bits; save it as RGB")
        samples = Samples(lab_to_linear(values, photometric, name), 8 * values.dtype.itemsize)
        samples.declared = lab_space()
    elif values.dtype.kind == "f":
        samples = _of_floats(values, page, name)
    elif values.dtype == np.uint32:
        samples = Samples((values / 4294967295.0).astype(np.float32), 32)
    else:
        samples = Samples(whole_range(values, layout.bits), layout.bits)
    has_profile = packet_of(page, Tag.ICCProfile) is not None
    if photometric == Photometric.RGB and values.dtype.kind == "u" and not has_profile:
        samples.declared = declared_space(page, samples.notes)
    if photometric == Photometric.WhiteIsZero:
        samples.values = 1 - samples.values if samples.values.dtype.kind == "f" else ~samples.values
    samples.notes += notes
    if layout.channels > keep:
        samples.notes.append("channels beyond color (alpha or spot) were not kept")
    return samples


def _colors(page: Directory, layout: Layout) -> int:
    """Number of the channels that are not declared as further ones (alpha or others)."""
    return layout.channels - len(numbers_of(page, Tag.ExtraSamples))


def _of_floats(values: np.ndarray, page: Directory, name: str) -> Samples:
    """Floating-point samples with white at 1; by convention, they are linear if there is no profile."""
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise ReadError(f"{name} has values that are not finite (NaN or infinite); repair it first")
    far = float(np.count_nonzero(values > _FAR_ABOVE_WHITE)) / values.size
    if far > _SHARE_FAR_ABOVE:
        raise FormatError(
            f"{name} has floating-point values up to {float(values.max()):g}; white is 1 in such files. "
            "Divide them by their white level (65535 for 16-bit data), or save it as 16-bit integers"
        )
    samples = Samples(values, 32)
    if far > 0:
        samples.notes.append(
            f"values up to {float(values.max()):g} were kept as highlights above a white of 1"
        )
    elif (above := float(np.count_nonzero(values > 1)) / values.size) > _MUCH_ABOVE:
        samples.notes.append(
            f"{100 * above:.0f} % of the values are above 1, which is white in such files; if the file means "
            "another white (255 or 65535), divide its values by that first"
        )
    if packet_of(page, Tag.ICCProfile) is None:
        samples.declared = LINEAR_SRGB
        samples.notes.append("floating-point pixels without a profile were interpreted as linear sRGB")
    return samples


def _from_palette(values: np.ndarray, page: Directory, name: str) -> np.ndarray:
    table = np.array(numbers_of(page, Tag.ColorMap), np.uint16)
    index = values[..., 0]
    if table.size % 3 or index.dtype.kind != "u" or table.size // 3 <= int(index.max()):
        raise ReadError(f"{name} has a palette that does not match its pixels; copy it again")
    return np.asarray(table.reshape(3, -1).T[index])
