"""JPEG, WebP, AVIF, HEIC and JPEG XL through Pillow, with their metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from ..color.profiles import profile_bytes
from ..color.spaces import SRGB, ColorSpace
from ..errors import WriteError
from ..photo import Metadata, Photo
from .dimensions import check_dimensions
from .directory import exif_block
from .encoding import Encoding
from .exif import ORIENTATION, split_block
from .jpeg_write import jpeg_bytes
from .plugins import advice, load_plugin
from .quantize import quantized_8bit
from .texts import unplaced_texts

__all__ = ["check_pillow_writes", "write_with_pillow"]

_FORMATS = {"webp": "WEBP", "avif": "AVIF", "heic": "HEIF", "jxl": "JXL"}


def write_with_pillow(file: BinaryIO, photo: Photo, space: ColorSpace, name: str, quality: int) -> list[str]:
    """Write 8 bits per channel; returns notes on metadata that the format could not hold.

    Raises:
        WriteError: the format's plugin is missing, or the photo is too large for the format.
    """
    check_dimensions(Path(f"photo.{name}"), Encoding(name), photo.width, photo.height)
    notes = unplaced_texts(photo.metadata.texts, name)
    if name == "jxl" and space != SRGB:
        notes.append("JPEG XL was written in sRGB: its plugin for Pillow embeds no other color space")
        space = SRGB
    image = Image.fromarray(quantized_8bit(photo, space))
    metadata = photo.metadata
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
    if metadata.exif:
        options["exif"] = b"Exif\0\0" + _without_orientation(metadata.exif)
    if metadata.xmp:
        options["xmp"] = metadata.xmp
    image.save(file, _FORMATS[name], **options)
    return [f"{name} cannot hold IPTC; it was not kept"] if metadata.iptc else []


def _without_orientation(block: bytes) -> bytes:
    """Upright needs no word; where it stands, Pillow encodes AVIF's EXIF anew and loses text beyond ASCII."""
    directory = dict(split_block(block))
    directory.pop(ORIENTATION, None)
    return exif_block(directory)


def check_pillow_writes(name: str) -> None:
    """Refuse a format that this Pillow cannot write.

    Raises:
        WriteError: naming the plugin to install.
    """
    if name not in _FORMATS:
        return
    kind = "heif" if name == "heic" else name
    if load_plugin(kind):
        Image.init()
        if _FORMATS[name] in Image.SAVE:
            return
    raise WriteError(f"{name} cannot be written by this Pillow; {advice(kind)}, or choose another format")
