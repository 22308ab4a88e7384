"""Reading photos of all formats; the format is detected from the content, not the name."""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..color.light_samples import LightSamples
from ..errors import FormatError, ReadError
from ..options import given_or_default
from ..paths import expanded
from ..photo import Metadata, Photo
from .access import check_no_folder, not_opened
from .color_reading import pixels_of
from .decoded_samples import Samples
from .limits import DEFAULT_MAX_PIXELS
from .metadata.exif import block_orientation, carry_block
from .metadata.exif_color import space_of_exif
from .metadata.exif_geometry import turned_block
from .metadata.exif_resolution import with_resolution
from .metadata.orientation import declared, remaining, stored_size, swaps_sides, upright
from .metadata.texts import with_texts
from .metadata.xmp_photo import PhotoXmp
from .pillow.read import decode_raster
from .raw.options import RawOptions
from .sniff import RAW_SUFFIXES, kind_of_head, tiff_is_raw
from .source import as_regular_file
from .tiff.pages import holds_developed_photo
from .tiff.parse import parse_tiff
from .tiff.read import decode_tiff
from .unsupported import why_no_photo

__all__ = ["photo_of_samples", "read"]


def read(
    path: str | os.PathLike[str],
    raw: RawOptions | None = None,
    *,
    half_size: bool = False,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Photo:
    """Read a photo: RAW, JPEG, PNG, TIFF, WebP, BMP, AVIF; HEIC and JPEG XL if their plugins are installed.

    The photo is upright; color space and bit depth are those of the file (sRGB if it declares none, linear
    Rec. 2020 for RAW files). A broken profile or EXIF block is left out, with a note.

    Args:
        path: path of the file; its suffix does not matter.
        raw: options for RAW files.
        half_size: develop RAW files at half the width and height, for fast previews.
        max_pixels: refuse images that declare more pixels.

    Raises:
        FormatError: the format is not supported; the message says why.
        ReadError: the file is missing, empty, truncated or damaged.
        OptionError: ``raw`` is of another type.
    """
    development = given_or_default("raw", raw, RawOptions)
    given = expanded(path)
    with as_regular_file(given) as regular:
        photo = _read(regular, development, half_size, max_pixels)
    return photo if regular == given else replace(photo, source=given)


def _read(path: Path, raw: RawOptions, half_size: bool, max_pixels: int) -> Photo:
    head, size = _head(path)
    kind = kind_of_head(head)
    if kind == "tiff":
        return _read_tiff_like(path, raw, half_size, max_pixels)
    if kind == "raw" or (not kind and path.suffix.lower() in RAW_SUFFIXES):
        return _read_raw(path, raw, half_size, max_pixels)
    if kind:
        with open(path, "rb") as file:
            return photo_of_samples(decode_raster(file, kind, path.name, size, max_pixels), path)
    if reason := why_no_photo(head):
        raise FormatError(f"{path} {reason}")
    raise FormatError(
        f"{path} is not in a supported image format; where another program opens it, save it there as TIFF, "
        "PNG or JPEG"
    )


def _head(path: Path) -> tuple[bytes, int]:
    """The first bytes of a file and its size."""
    check_no_folder(path)
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(64)
    except (OSError, ValueError) as error:
        raise not_opened(path, error) from error
    if not head:
        raise ReadError(f"{path} is empty (0 bytes); copy it again")
    return head, size


def _read_raw(path: Path, options: RawOptions, half_size: bool, max_pixels: int) -> Photo:
    from .raw.read import decode_raw

    return _developed(decode_raw(path, options, half_size, max_pixels), path)


def _read_tiff_like(path: Path, options: RawOptions, half_size: bool, max_pixels: int) -> Photo:
    """Read a TIFF file, or a RAW file with TIFF structure.

    Which one it is, name and ``DNGVersion`` do not tell for certain: programs keep them in developed files.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            directories = parse_tiff(data)
        except FormatError as error:
            raise ReadError(f"{path.name} begins like TIFF but is damaged: {error}; copy it again") from error
        notes: list[str] = []
        if tiff_is_raw(directories) or path.suffix.lower() in RAW_SUFFIXES:
            try:
                return _read_raw(path, options, half_size, max_pixels)
            except ReadError:
                if not holds_developed_photo(directories, len(data)):
                    raise
            notes.append("the file is not a RAW file, although its name or its DNG version says so")
        samples = decode_tiff(data, directories, path.name, max_pixels)
        samples.notes += notes
        return photo_of_samples(samples, path)


def photo_of_samples(samples: Samples, path: Path | None) -> Photo:
    """Convert decoded samples to a `Photo`: upright, float32, with a color space.

    Args:
        path: path of the source file, None for images in memory.
    """
    carried = carry_block(samples.exif) if samples.exif else None
    notes = [*samples.notes, *(carried.notes if carried else ())]
    if samples.declared is None:
        samples.declared = space_of_exif(samples.exif)
    xmp = PhotoXmp(samples.xmp, path, notes)
    wanted = declared(samples.orientation, xmp.orientation, _turned_later(samples, xmp))
    values = upright(samples.values, remaining(wanted, samples.applied))
    pixels, space = pixels_of(values, samples, notes)
    block = with_texts(carried.block if carried else None, samples.texts)
    block = turned_block(block, wanted, *stored_size(pixels, wanted))
    block = with_resolution(block, samples.resolution, swaps_sides(wanted))
    packet = xmp.packet(wanted, pixels.shape[1], pixels.shape[0])
    metadata = Metadata(block, packet, samples.iptc, samples.icc, samples.texts)
    return Photo(pixels, space, samples.bit_depth, metadata, path, tuple(notes))


def _turned_later(samples: Samples, xmp: PhotoXmp) -> int | None:
    """Orientation of a sidecar; None if it only repeats EXIF in a format whose container defines it."""
    value = xmp.sidecar_orientation
    repeats = samples.orientation is not None and value == block_orientation(samples.exif)
    return None if repeats else value


def _developed(photo: Photo, path: Path) -> Photo:
    """A RAW photo, turned as declared by the camera or its sidecar, with the metadata of both."""
    notes = list(photo.notes)
    xmp = PhotoXmp(photo.metadata.xmp, path, notes)
    applied = int((photo.metadata.raw or {}).get("orientation", 1))
    wanted = declared(applied, None, xmp.sidecar_orientation)
    turn = remaining(wanted, applied)
    pixels = upright(photo.pixels, turn)
    exif = turned_block(photo.metadata.exif, wanted, *stored_size(pixels, wanted))
    exif = with_resolution(exif, None, swaps_sides(wanted))
    packet = xmp.packet(wanted, pixels.shape[1], pixels.shape[0])
    facts = photo.metadata.raw and _turned_facts(photo.metadata.raw, turn)
    metadata = replace(photo.metadata, exif=exif, xmp=packet, raw=facts)
    return replace(photo, pixels=pixels, metadata=metadata, notes=tuple(notes))


def _turned_facts(facts: Mapping[str, Any], turn: int) -> Mapping[str, Any]:
    """`Metadata.raw` of a photo to which an orientation has been applied; ``orientation`` is the camera's."""
    samples: LightSamples | None = facts.get("light_samples")
    if samples is None:
        return facts
    shape = samples.shape[::-1] if swaps_sides(turn) else samples.shape
    return {**facts, "light_samples": LightSamples(shape, upright(samples.light, turn))}
