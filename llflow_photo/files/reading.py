"""Reading any photo: what a file is, is decided by its content."""

from __future__ import annotations

import mmap
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..color.profiles import ProfileError, ProfileReading, read_profile
from ..color.spaces import ADOBE_RGB, LINEAR_SRGB, SRGB, ColorSpace
from ..errors import FormatError, ReadError
from ..photo import Metadata, Photo
from .exif import carry_block
from .limits import DEFAULT_MAX_PIXELS
from .parse import parse_tiff
from .raster import decode_raster
from .raw_options import RawOptions
from .samples import Samples, upright
from .sidecars import with_sidecars
from .sniff import RAW_SUFFIXES, kind_of_head, tiff_is_raw
from .source import as_regular_file, expanded
from .tiff_read import add_metadata, decode_tiff, main_page, needs_pillow
from .xmp import upright_packet

__all__ = ["photo_of_samples", "read"]

_BLOCK_PIXELS = 1 << 20


def read(
    path: str | os.PathLike[str],
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
    given = expanded(path)
    with as_regular_file(given) as regular:
        photo = _read(regular, raw or RawOptions(), half_size, max_pixels)
    return photo if regular == given else replace(photo, source=given)


def _read(path: Path, raw: RawOptions, half_size: bool, max_pixels: int) -> Photo:
    head, size = _head(path)
    kind = kind_of_head(head)
    if kind == "tiff":
        photo = _read_tiff_like(path, raw, half_size, max_pixels)
    elif kind == "raw" or (not kind and path.suffix.lower() in RAW_SUFFIXES):
        photo = _read_raw(path, raw, half_size, max_pixels)
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
            page = main_page(directories)
            if needs_pillow(page):
                samples = decode_raster(file, "tiff", path.name, len(data), max_pixels)
                add_metadata(samples, page)
            else:
                samples = decode_tiff(data, directories, path.name, max_pixels)
            return photo_of_samples(samples, path)
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
    profile = _profile(samples, notes)
    values = upright(samples.values, samples.orientation)
    pixels, space = _pixels(values, profile, samples, notes)
    xmp = upright_packet(samples.xmp, notes) if samples.xmp else None
    metadata = Metadata(carried.block if carried else None, xmp, samples.iptc, samples.icc)
    return Photo(pixels, space, samples.bit_depth, metadata, path, tuple(notes))


def _profile(samples: Samples, notes: list[str]) -> ProfileReading | None:
    if samples.icc is None:
        return None
    try:
        profile = read_profile(samples.icc)
    except ProfileError as error:
        samples.icc = None
        notes.append(f"the embedded color profile is broken ({error}); sRGB was assumed")
        return None
    gray = samples.values.shape[2] == 1
    if profile.kind != "lut" and gray != (profile.kind == "gray"):
        # An RGB profile in a gray file is common and harmless: its curve applies to all three alike.
        if gray and profile.kind == "rgb":
            return profile
        notes.append("the embedded color profile does not fit the pixels; sRGB was assumed")
        return None
    return profile


def _pixels(
    values: np.ndarray, profile: ProfileReading | None, samples: Samples, notes: list[str]
) -> tuple[np.ndarray, ColorSpace]:
    """H x W x 3 float32 in a color space."""
    pixels = _as_float(values)
    if profile is None and samples.declared is not None:
        return pixels, samples.declared
    if profile is None:
        # Floating-point TIFF without a profile is linear by custom of the programs that write it.
        if values.dtype.kind == "f":
            notes.append("floating-point pixels without a profile were taken as linear sRGB")
            return pixels, LINEAR_SRGB
        return pixels, SRGB
    if profile.kind == "lut":
        return _through_engine(pixels, samples, notes)
    if profile.tables is not None:
        _apply_tables(pixels, profile.tables)
    return pixels, profile.space


def _through_engine(pixels: np.ndarray, samples: Samples, notes: list[str]) -> tuple[np.ndarray, ColorSpace]:
    from .engine_profiles import rgb_to_adobe_rgb

    converted = rgb_to_adobe_rgb(pixels, samples.icc or b"")
    if converted is None:
        notes.append("the embedded color profile could not be applied; sRGB was assumed")
        return pixels, SRGB
    notes.append("the embedded color profile is made of tables; it was applied with 8-bit precision")
    return converted, ADOBE_RGB


def _as_float(values: np.ndarray) -> np.ndarray:
    """White at 1; gray repeated to three channels."""
    out = np.empty((*values.shape[:2], 3), np.float32)
    scale = np.float32(1.0 if values.dtype.kind == "f" else 1.0 / np.iinfo(values.dtype).max)
    np.multiply(values, scale, out=out, casting="unsafe")
    return out


def _apply_tables(pixels: np.ndarray, tables: np.ndarray) -> None:
    """Curves given as tables, in place, a block of rows at a time; outside [0, 1] they end flat."""
    positions = np.linspace(0, 1, tables.shape[1])
    step = max(1, _BLOCK_PIXELS // pixels.shape[1])
    for start in range(0, pixels.shape[0], step):
        block = pixels[start : start + step]
        for channel in range(3):
            table = tables[min(channel, len(tables) - 1)]
            block[..., channel] = np.interp(block[..., channel], positions, table)


def _with_sidecar(photo: Photo, path: Path) -> Photo:
    xmp, notes = with_sidecars(path, photo.metadata.xmp)
    if xmp is photo.metadata.xmp and not notes:
        return photo
    return replace(photo, metadata=replace(photo.metadata, xmp=xmp), notes=(*photo.notes, *notes))
