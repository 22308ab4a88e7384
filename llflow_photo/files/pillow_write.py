"""JPEG, WebP, AVIF, HEIC and JPEG XL through Pillow, with their metadata."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from ..color.profiles import profile_bytes
from ..color.spaces import SRGB, ColorSpace
from ..errors import WriteError
from ..photo import Metadata, Photo
from .dimensions import check_dimensions
from .encoding import Encoding
from .quantize import quantized_8bit
from .raster import PLUGINS, load_plugin

__all__ = ["check_pillow_writes", "jpeg_bytes", "write_with_pillow"]

_MAX_SEGMENT = 65533
_FORMATS = {"webp": "WEBP", "avif": "AVIF", "heic": "HEIF", "jxl": "JXL"}


def write_with_pillow(file: BinaryIO, photo: Photo, space: ColorSpace, name: str, quality: int) -> list[str]:
    """Write 8 bits per channel; returns notes on metadata that the format could not hold.

    Raises:
        WriteError: the format's plugin is missing, or the photo is too large for the format.
    """
    check_dimensions(Path(f"photo.{name}"), Encoding(name), photo.width, photo.height)
    notes: list[str] = []
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
        options["exif"] = b"Exif\0\0" + metadata.exif
    if metadata.xmp:
        options["xmp"] = metadata.xmp
    image.save(file, _FORMATS[name], **options)
    return [f"{name} cannot hold IPTC; it was not kept"] if metadata.iptc else []


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
    advice = f"pip install {PLUGINS[kind][1]}" if kind in PLUGINS else "install a Pillow built with it"
    raise WriteError(f"{name} cannot be written by this Pillow; {advice}, or choose another format")


def jpeg_bytes(
    image: Image.Image,
    quality: int,
    icc: bytes,
    metadata: Metadata | None = None,
    notes: list[str] | None = None,
) -> bytes:
    """A JPEG stream, 4:4:4, with its metadata in APP segments (notes: what was too large for them)."""
    out = io.BytesIO()
    # Without "optimize": with it, Pillow gives the encoder too small a buffer for noisy photos.
    image.save(out, "JPEG", quality=quality, subsampling=0, icc_profile=icc)
    data = out.getvalue()
    if metadata is None:
        return data
    segments = b""
    for marker, prefix, block, what in (
        (0xE1, b"Exif\0\0", metadata.exif, "EXIF"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0", metadata.xmp, "XMP"),
        (0xED, b"Photoshop 3.0\0", _photoshop(metadata.iptc), "IPTC"),
    ):
        if not block:
            continue
        if len(prefix) + len(block) + 2 > _MAX_SEGMENT:
            if notes is not None:
                notes.append(f"the {what} block ({len(block)} bytes) is too large for JPEG and was not kept")
            continue
        segments += struct.pack(">BBH", 0xFF, marker, len(prefix) + len(block) + 2) + prefix + block
    # EXIF has to follow the start of the image; JFIF's own segment may come after it.
    return data[:2] + segments + data[2:]


def _photoshop(iptc: bytes | None) -> bytes | None:
    if not iptc:
        return None
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
