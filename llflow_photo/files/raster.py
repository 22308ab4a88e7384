"""Decoding raster files through Pillow: JPEG, PNG, WebP, BMP, AVIF, HEIC, JPEG XL."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from ..color.spaces import SRGB, ColorSpace
from ..errors import FormatError, LLFlowPhotoError, ReadError
from .limits import check_size
from .samples import Samples

__all__ = ["PLUGINS", "decode_raster", "pillow_samples"]

# What to install for kinds that Pillow alone does not read.
PLUGINS = {"heif": ("pillow_heif", "pillow-heif"), "jxl": ("pillow_jxl", "pillow-jxl-plugin")}
_FORMATS = {
    "jpeg": ["JPEG", "MPO"], "png": ["PNG"], "webp": ["WEBP"], "bmp": ["BMP"], "avif": ["AVIF"],
    "heif": ["HEIF"], "jxl": ["JXL"], "tiff": ["TIFF"],
}  # fmt: skip
_MAX_PACKET = 16 << 20
_SRGB_CORNERS = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_BOMB_LOCK = threading.Lock()
_IPTC_RESOURCE = 0x0404


def decode_raster(file: BinaryIO, kind: str, name: str, file_bytes: int, max_pixels: int) -> Samples:
    """Decode a file of a kind that `kind_of_head` named.

    Raises:
        FormatError: Pillow or a plugin for this kind is missing, or the size is absurd.
        ReadError: the file is truncated or broken.
    """
    load_plugin(kind)
    try:
        with _no_global_limit():
            image = Image.open(file, formats=_FORMATS[kind])
        with image:
            check_size(*image.size, file_bytes, max_pixels, name)
            samples = pillow_samples(image)
        if kind == "jxl" and samples.xmp is None:
            samples.xmp = _xml_box(file)
        return samples
    except LLFlowPhotoError:
        raise
    except Exception as error:  # decoders of broken files raise nearly anything, KeyError too
        if isinstance(error, (KeyError, ImportError)) and Image.OPEN.keys().isdisjoint(_FORMATS[kind]):
            raise FormatError(
                f"{name} is {kind.upper()}, which this Pillow cannot read; {_advice(kind)}"
            ) from error
        raise ReadError(
            f"{name} cannot be decoded: {_reason(error)}; the file is truncated or damaged"
        ) from error


def load_plugin(kind: str) -> bool:
    """Register the Pillow plugin for a kind, where it is installed; whether the kind may now work."""
    if kind not in PLUGINS:
        return True
    try:
        module = importlib.import_module(PLUGINS[kind][0])
    except ImportError:
        return False
    register = getattr(module, "register_heif_opener", None)
    if register is not None:
        register()
    return True


def _advice(kind: str) -> str:
    return f"install {PLUGINS[kind][1]}" if kind in PLUGINS else "install a Pillow built with it"


def _reason(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


@contextmanager
def _no_global_limit() -> Iterator[None]:
    """Pillow's own limit refuses photos of 180 megapixels; ours is checked right after the header is read."""
    with _BOMB_LOCK:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def pillow_samples(image: Image.Image) -> Samples:
    """Pixels and metadata of an opened image."""
    info = dict(image.info)
    notes: list[str] = []
    if getattr(image, "n_frames", 1) > 1:
        notes.append("only the first of the several pictures in the file was read")
    if info.get("comment"):
        notes.append("the comment in the file was not kept")
    values, depth = _values(image, notes)
    samples = Samples(values, depth, notes=notes)
    # Some formats fill these in only while loading.
    info.update(image.info)
    samples.exif = _bytes(info.get("exif"))
    samples.icc = _bytes(info.get("icc_profile"))
    samples.xmp = _bytes(info.get("xmp")) or _bytes(info.get("XML:com.adobe.xmp"))
    photoshop = info.get("photoshop")
    if isinstance(photoshop, dict):
        samples.iptc = _bytes(photoshop.get(_IPTC_RESOURCE))
    for key, target in (("Raw profile type iptc", "iptc"), ("Raw profile type exif", "exif")):
        if getattr(samples, target) is None and (block := _raw_profile(info.get(key))):
            setattr(samples, target, block)
    if image.format == "PNG":
        samples.declared = _space_of_chunks(info)
    # These turn the pixels themselves, by what their own headers say.
    if image.format not in ("HEIF", "AVIF", "JXL"):
        samples.orientation = _orientation(samples.exif)
    return samples


def _space_of_chunks(info: dict[str | tuple[int, int], Any]) -> ColorSpace | None:
    """What PNG's gAMA and cHRM chunks declare; None where it is sRGB or nothing."""
    gamma, corners = info.get("gamma"), info.get("chromaticity")
    if "srgb" in info or not (gamma or corners):
        return None
    space = SRGB
    if corners and len(corners) == 8 and min(corners[1::2]) > 0 and max(corners) < 1:
        white, red, green, blue = (tuple(corners[index : index + 2]) for index in (0, 2, 4, 6))
        if max(abs(a - b) for a, b in zip(corners, _SRGB_CORNERS, strict=True)) > 2e-3:
            space = ColorSpace("PNG chunks", (red, green, blue), white, "srgb")
    # 1 / 2.2 stands for sRGB's own curve, by the PNG standard.
    if gamma and 0.2 <= gamma <= 5 and abs(gamma - 1 / 2.2) > 1e-3:
        transfer = "linear" if gamma == 1 else f"gamma:{1 / gamma:.6g}"
        space = replace(space, name="PNG chunks", transfer=transfer)
    return None if space == SRGB else space


def _orientation(exif: bytes | None) -> int:
    from .exif import carry_block

    return carry_block(exif).orientation if exif else 1


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        value = value.encode("utf-8")
    return bytes(value) if isinstance(value, (bytes, bytearray)) and value else None


def _values(image: Image.Image, notes: list[str]) -> tuple[np.ndarray, int]:
    """H x W x 3 or H x W x 1 values and the file's bit depth."""
    mode = image.mode
    if image.format == "PNG" and mode in ("RGB", "RGBA", "LA") and _raw_mode(image).endswith(";16B"):
        if mode != "RGB":
            notes.append("the alpha channel was not kept")
        return _deep_png(image), 16
    if mode in ("I;16", "I;16B", "I;16L", "I;16N"):
        return np.asarray(image).astype(np.uint16)[..., None], 16
    if mode == "I":
        # Older Pillow reads 16-bit gray PNG into 32-bit integers.
        return np.clip(np.asarray(image), 0, 65535).astype(np.uint16)[..., None], 16
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        notes.append("the alpha channel was not kept")
    if mode == "P":
        # Through RGBA, so that a transparent color keeps its own value.
        image = image.convert("RGBA")
    if mode in ("1", "L", "LA", "La"):
        return np.asarray(image.convert("L"))[..., None], 8
    if mode == "CMYK":
        return _from_cmyk(image, notes), 8
    if image.mode in ("RGB", "RGBA", "RGBX", "YCbCr", "PA", "HSV", "RGBa"):
        return np.asarray(image.convert("RGB")), 8
    raise FormatError(f"pixels of mode {mode} cannot be read; convert the file to RGB first")


def _xml_box(file: BinaryIO) -> bytes | None:
    """The XMP box of a JPEG XL container (ISO/IEC 18181-2), which the plugin does not hand on."""
    position = 0
    while True:
        file.seek(position)
        head = file.read(16)
        if len(head) < 16:
            return None
        size, start = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, start = int.from_bytes(head[8:16], "big"), 16
        if size < start:
            return None
        if head[4:8] == b"xml " and size < _MAX_PACKET:
            file.seek(position + start)
            return file.read(size - start)
        position += size


def _raw_mode(image: Image.Image) -> str:
    tile = getattr(image, "tile", None)
    arguments = tile[0][3] if tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _deep_png(image: Image.Image) -> np.ndarray:
    """16-bit color, of which Pillow keeps the upper bytes.

    Its unpackers take the first or the second byte of a sample as the file's byte order is declared big- or
    little-endian, so decoding once each way gives both.
    """
    fp = getattr(image, "fp", None)
    if fp is None:
        raise ReadError("the PNG file is closed")
    planes = []
    for order in ("B", "L"):
        fp.seek(0)
        with _no_global_limit():
            again = Image.open(fp, formats=["PNG"])
        again.tile = [(*tile[:3], str(tile[3])[:-1] + order) for tile in again.tile]  # type: ignore[misc]
        planes.append(np.asarray(again))
    channels = planes[0].shape[2]
    if image.mode == "LA" or channels == 2:
        planes = [plane[..., :1] for plane in planes]
    out = planes[0][..., :3].astype(np.uint16)
    out <<= 8
    out |= planes[1][..., :3]
    return out


def _from_cmyk(image: Image.Image, notes: list[str]) -> np.ndarray:
    """Through the embedded profile where there is a good one; the result is meant as Adobe RGB, or sRGB."""
    from .engine_profiles import cmyk_to_adobe_rgb

    converted = cmyk_to_adobe_rgb(image)
    if converted is not None:
        return converted
    notes.append("CMYK without a usable profile: the colors are approximate")
    image.info.pop("icc_profile", None)
    return np.asarray(image.convert("RGB"))


def _raw_profile(value: object) -> bytes | None:
    """ImageMagick's hexadecimal text chunks of PNG: a name, a length, hexadecimal lines."""
    if not isinstance(value, str):
        return None
    lines = value.strip().split("\n")
    if len(lines) < 3:
        return None
    try:
        block = bytes.fromhex("".join(lines[2:]))
    except ValueError:
        return None
    # IPTC comes wrapped as a Photoshop resource.
    if block[:4] == b"8BIM" and block[4:6] == b"\x04\x04" and len(block) > 12:
        return block[12:]
    return block
