"""Writing JPEG, WebP, AVIF, HEIC and JPEG XL by Pillow, with metadata."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from ...color.profiles import profile_bytes
from ...color.spaces import SRGB, ColorSpace
from ...errors import WriteError
from ...photo import Metadata, Photo
from ..metadata.exif import split_block
from ..metadata.texts import unplaced_texts
from ..quantize import quantized_whole
from ..tiff.directory import exif_block
from ..tiff.tags import Tag
from .jpeg_write import jpeg_bytes
from .plugins import advice, load_plugin

__all__ = ["check_pillow_writes", "write_with_pillow"]

# Formats that support more bits than their encoders write.
_DEEPER_ELSEWHERE = ("avif", "jxl")
_FORMATS = {"webp": "WEBP", "avif": "AVIF", "heic": "HEIF", "jxl": "JXL"}


def write_with_pillow(
    file: BinaryIO, photo: Photo, space: ColorSpace, name: str, quality: int, bit_depth: int = 8
) -> list[str]:
    """Write the photo with ``bit_depth`` 8, or 10 for HEIC; return notes on what could not be kept.

    Raises:
        WriteError: the plugin for the format is missing.
    """
    notes = unplaced_texts(photo.metadata.texts, name)
    if name == "jxl" and space != SRGB:
        notes.append(
            "JPEG XL was written in sRGB, the only color space of its plugin; use another format for others"
        )
        space = SRGB
    values = quantized_whole(photo, space, bit_depth)
    metadata = photo.metadata
    if bit_depth == 10:
        return notes + _write_deep_heif(file, values, space, quality, metadata)
    if name in _DEEPER_ELSEWHERE and photo.bit_depth > 8:
        notes.append(f"{name} was written with 8 bits per channel; PNG and TIFF keep 16, HEIC 10")
    image = Image.fromarray(values)
    if name == "jpeg":
        file.write(jpeg_bytes(image, quality, profile_bytes(space), metadata, notes))
        return notes
    return notes + _write_plugin(file, image, space, name, quality, metadata)


def _write_plugin(
    file: BinaryIO, image: Image.Image, space: ColorSpace, name: str, quality: int, metadata: Metadata
) -> list[str]:
    check_pillow_writes(name)
    options: dict[str, Any] = {"quality": quality, "icc_profile": profile_bytes(space)}
    if name == "webp":
        options |= {"lossless": True} if quality == 100 else {"method": 4}
    if name in ("avif", "heic"):
        options["subsampling"] = "4:4:4"
    image.save(file, _FORMATS[name], **options, **_blocks(metadata))
    return _lost(name, metadata)


def _write_deep_heif(
    file: BinaryIO, values: np.ndarray, space: ColorSpace, quality: int, metadata: Metadata
) -> list[str]:
    """Write 10 bits per channel, which Pillow images do not support."""
    check_pillow_writes("heic")
    import pillow_heif

    height, width = values.shape[:2]
    picture = pillow_heif.from_bytes("RGB;10", (width, height), values.tobytes())
    picture.info["icc_profile"] = profile_bytes(space)
    picture.save(file, quality=quality, subsampling="4:4:4", **_blocks(metadata))
    return _lost("heic", metadata)


def _blocks(metadata: Metadata) -> dict[str, bytes]:
    """EXIF and XMP as arguments of Pillow and its plugins."""
    blocks = {}
    if metadata.exif:
        blocks["exif"] = b"Exif\0\0" + _without_orientation(metadata.exif)
    if metadata.xmp:
        blocks["xmp"] = metadata.xmp
    return blocks


def _lost(name: str, metadata: Metadata) -> list[str]:
    return [f"{name} cannot hold IPTC; it was not kept"] if metadata.iptc else []


def _without_orientation(block: bytes) -> bytes:
    """Remove the orientation, which is 1: with it, Pillow re-encodes AVIF's EXIF and loses non-ASCII text."""
    directory = dict(split_block(block))
    directory.pop(Tag.Orientation, None)
    return exif_block(directory)


def check_pillow_writes(name: str) -> None:
    """Refuse a format that this Pillow cannot write.

    Raises:
        WriteError: the message names the plugin to install.
    """
    if name not in _FORMATS:
        return
    kind = "heif" if name == "heic" else name
    if load_plugin(kind):
        Image.init()
        if _FORMATS[name] in Image.SAVE:
            return
    raise WriteError(f"{name} cannot be written by this Pillow; {advice(kind)}, or choose another format")
