"""Reading any photo: what a file is, is decided by its content."""

from __future__ import annotations

import mmap
from dataclasses import replace
from pathlib import Path

from ..color.spaces import ADOBE_RGB
from ..errors import FormatError, ReadError
from ..photo import Metadata, Photo
from .color_reading import pixels_of
from .exif import carry_block
from .exif_geometry import turned_block
from .exif_resolution import with_resolution
from .limits import DEFAULT_MAX_PIXELS
from .orientation import declared, remaining, stored_size, swaps_sides, upright
from .parse import parse_tiff
from .raster import decode_raster
from .raw_options import RawOptions
from .samples import Samples
from .sniff import RAW_SUFFIXES, kind_of_head, tiff_is_raw
from .texts import with_texts
from .tiff_read import decode_tiff
from .xmp import sidecar_for, upright_packet

__all__ = ["photo_of_samples", "read"]


def read(
    path: str | Path,
    raw: RawOptions | None = None,
    *,
    half_size: bool = False,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Photo:
    """Read a photo: RAW, JPEG, PNG, TIFF, WebP, BMP, AVIF, and HEIC or JPEG XL where their plugins are.

    The photo is upright; its color space is the file's (sRGB where the file says nothing; linear Rec. 2020
    for RAW files), its bit depth the file's. A broken profile or EXIF block is left out, with a note.

    Args:
        path: of the file; its name need not tell the truth.
        raw: how RAW files are developed.
        half_size: develop RAW files at half the width and height, much faster, for previews.
        max_pixels: refuse anything that says it is larger.

    Raises:
        FormatError: no photo of a kind that can be read, and why.
        ReadError: missing, empty, truncated or damaged.
    """
    path = Path(path)
    head, size = _head(path)
    kind = kind_of_head(head)
    if kind == "tiff":
        photo = _read_tiff_like(path, raw or RawOptions(), half_size, max_pixels)
    elif kind == "raw" or (not kind and path.suffix.lower() in RAW_SUFFIXES):
        photo = _read_raw(path, raw or RawOptions(), half_size, max_pixels)
    elif kind:
        with open(path, "rb") as file:
            photo = photo_of_samples(decode_raster(file, kind, path.name, size, max_pixels), path)
    else:
        raise FormatError(
            f"{path} is no photo of a kind that can be read: its content is no known image format"
        )
    return _with_sidecar(photo, path)


def _head(path: Path) -> tuple[bytes, int]:
    """The first bytes of a file and its size."""
    if path.is_dir():
        raise ReadError(f"{path} is a folder; give a file")
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(64)
    except (OSError, ValueError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise ReadError(f"cannot open {path}: {reason}") from error
    if not head:
        raise ReadError(f"{path} is empty (0 bytes)")
    return head, size


def _read_raw(path: Path, options: RawOptions, half_size: bool, max_pixels: int) -> Photo:
    from .raw import decode_raw

    return decode_raw(path, options, half_size, max_pixels)


def _read_tiff_like(path: Path, options: RawOptions, half_size: bool, max_pixels: int) -> Photo:
    """TIFF, or one of the many RAW kinds with its structure."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            directories = parse_tiff(data)
        except FormatError as error:
            raise ReadError(f"{path.name} begins like TIFF but is damaged: {error}") from error
        if not tiff_is_raw(directories) and path.suffix.lower() not in RAW_SUFFIXES:
            return photo_of_samples(decode_tiff(data, directories, path.name, max_pixels), path)
    return _read_raw(path, options, half_size, max_pixels)


def photo_of_samples(samples: Samples, path: Path | None) -> Photo:
    """Meaning given to samples: color space, upright, float32.

    Args:
        path: of the file they came from, None for pictures in memory.
    """
    carried = carry_block(samples.exif) if samples.exif else None
    notes = [*samples.notes, *(carried.notes if carried else ())]
    if samples.declared is None and carried is not None and carried.adobe_rgb:
        samples.declared = ADOBE_RGB
    wanted = declared(samples.orientation, None)
    values = upright(samples.values, remaining(wanted, samples.applied))
    pixels, space = pixels_of(values, samples, notes)
    xmp = upright_packet(samples.xmp, notes) if samples.xmp else None
    block = with_texts(carried.block if carried else None, samples.texts)
    block = turned_block(block, wanted, *stored_size(pixels, wanted))
    block = with_resolution(block, samples.resolution, swaps_sides(wanted))
    metadata = Metadata(block, xmp, samples.iptc, samples.icc, samples.texts)
    return Photo(pixels, space, samples.bit_depth, metadata, path, tuple(notes))


def _with_sidecar(photo: Photo, path: Path) -> Photo:
    xmp, notes = sidecar_for(path, photo.metadata.xmp)
    if xmp is photo.metadata.xmp and not notes:
        return photo
    return replace(photo, metadata=replace(photo.metadata, xmp=xmp), notes=(*photo.notes, *notes))
