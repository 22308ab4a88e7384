"""Writing photos to files, atomically."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..color.spaces import SRGB, by_name
from ..errors import ImageInputError, LLFlowPhotoError, WriteError
from ..options import given_or_default
from ..paths import expanded
from ..photo import Photo
from .atomic import atomic_file
from .dimensions import check_dimensions
from .dng.linear_dng import write_linear_dng
from .encoding import Encoding
from .gamut_notes import gamut_notes
from .metadata.exif import describing
from .metadata.rendering_settings import with_settings
from .metadata.texts import unplaced_texts
from .pillow.png_write import write_png
from .pillow.write import check_pillow_writes, write_with_pillow
from .quantize import check_finite
from .tiff.write import write_tiff

__all__ = ["check_folder", "check_format", "write"]

_USUAL_LONGEST_NAME = 255
_BITS_OF_LINEAR = 16


def check_format(path: Path, encoding: Encoding | None = None, source_depth: int = 8) -> None:
    """Check before rendering that `write` can write the format.

    Args:
        path: path of the output file; only its name is used.
        encoding: see `write`.
        source_depth: bits per channel of the source photo.

    Raises:
        OptionError: the format is unknown or does not support the encoding.
        WriteError: the format needs a plugin that is not installed.
    """
    check_pillow_writes(
        str(given_or_default("encoding", encoding, Encoding).for_file(path, source_depth).format)
    )


def check_folder(path: Path) -> None:
    """Check before rendering that a file can be created or replaced in its folder.

    Raises:
        WriteError: the folder does not exist or is not writable, the name is too long for it or not valid,
            or belongs to a folder.
    """
    folder = path.parent
    if "\0" in str(path):
        raise WriteError(f"cannot write {str(path)!r}: it has a null character; choose another name")
    try:
        is_folder = stat.S_ISDIR(os.stat(folder).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    except OSError as error:
        problem = f"{folder} cannot be accessed ({error.strerror or error})"
        raise WriteError(f"cannot write {path}: {problem}; choose another folder") from error
    if not is_folder:
        raise WriteError(f"cannot write {path}: {folder} is not a folder; create it, or choose another")
    if not os.access(folder, os.W_OK):
        raise WriteError(f"cannot write {path}: {folder} is not writable; choose another folder")
    size, limit = len(os.fsencode(path.name)), _longest_name(folder)
    if size > limit:
        raise WriteError(
            f"cannot write {path}: its name has {size} bytes, and names in this folder may have {limit}; "
            "choose a shorter name"
        )
    if os.path.isdir(path):
        raise WriteError(f"cannot write {path}: it is a folder; give the name of a file")


def _longest_name(folder: Path) -> int:
    """Bytes that the name of a file in the folder may have."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # not on Windows, whose limit is 255 characters
        return _USUAL_LONGEST_NAME


def write(
    photo: Photo,
    path: str | os.PathLike[str],
    encoding: Encoding | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    overwrite: bool = True,
) -> tuple[str, ...]:
    """Write a photo to a file, atomically, with its profile and metadata.

    The pixels are converted to the encoding's color space, clipped to the range of the format, and rounded.

    Args:
        photo: photo to write; the orientation in its EXIF must be 1, as `read` sets it.
        path: path of the output file.
        encoding: format, quality, depth, color space.
        settings: rendering settings to store in the metadata, see `with_settings`.
        overwrite: whether an existing file may be replaced.

    Returns:
        one sentence for each thing that could not be kept.

    Raises:
        NonFiniteOutputError: pixels are NaN or infinite; nothing was written.
        OptionError: the format is unknown or does not support the encoding.
        OutputExistsError: the file exists, and ``overwrite`` is false.
        WriteError: the file cannot be written: no folder, no permission, no space, no plugin.
    """
    path = expanded(path)
    if photo.pixels.ndim != 3 or photo.pixels.shape[2] != 3 or photo.pixels.size == 0:
        raise ImageInputError(f"a photo's pixels are H x W x 3; given {photo.pixels.shape}")
    encoding = given_or_default("encoding", encoding, Encoding).for_file(path, photo.bit_depth)
    check_finite(photo)
    if settings:
        photo = replace(photo, metadata=with_settings(photo.metadata, settings))
    check_dimensions(path, encoding, photo.width, photo.height)
    space = by_name(encoding.color_space)
    if photo.metadata.exif and encoding.format != "dng":
        name = str(encoding.format)
        exif = describing(photo.metadata.exif, photo.width, photo.height, space == SRGB, name)
        photo = replace(photo, metadata=replace(photo.metadata, exif=exif))
    depth, notes = encoding.bit_depth or 8, list[str]()
    with atomic_file(path, overwrite) as file:
        try:
            if encoding.format == "png":
                write_png(file, photo, space, depth)
            elif encoding.format == "tiff":
                write_tiff(file, photo, space, depth)
                notes = unplaced_texts(photo.metadata.texts, "tiff")
            elif encoding.format == "dng":
                notes = write_linear_dng(file, photo) + unplaced_texts(photo.metadata.texts, "dng")
            else:
                name = str(encoding.format)
                notes = write_with_pillow(file, photo, space, name, encoding.quality, depth)
        except (LLFlowPhotoError, OSError):
            raise
        except Exception as error:  # encoders raise exceptions of many classes
            raise WriteError(f"cannot write {path}: {error}; try another format or folder") from error
    if encoding.format != "dng" and depth != 32:
        only_srgb = encoding.format == "jxl"
        notes += gamut_notes(photo, SRGB if only_srgb else space, fixed=only_srgb)
        if encoding.is_linear and not only_srgb and depth < _BITS_OF_LINEAR:
            notes.append(
                f"{depth} bits are too few for {space.name}: dark tones have visible steps; write 16-bit PNG "
                "or TIFF, or choose another color space"
            )
    return tuple(notes)
