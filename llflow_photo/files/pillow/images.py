"""Conversion of images opened by Pillow to samples: pixels, and the metadata that Pillow provides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PIL import Image

from ...color.spaces import SRGB, ColorSpace
from ..decoded_samples import Samples
from ..metadata.exif import block_orientation
from .png_chunks import raw_profile
from .values import values_of

__all__ = ["as_bytes", "iptc_of_image", "pillow_samples"]

_SRGB_CORNERS = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_IPTC_RESOURCE = 0x0404


def pillow_samples(image: Image.Image) -> Samples:
    """Pixels and metadata of an opened image."""
    info = dict(image.info)
    notes: list[str] = []
    if getattr(image, "n_frames", 1) > 1:
        notes.append("the file contains several images; only the main one was read")
    values, depth = values_of(image, notes)
    samples = Samples(values, depth, notes=notes)
    # Some formats provide these only after loading.
    info.update(image.info)
    samples.exif = as_bytes(info.get("exif"))
    samples.icc = as_bytes(image.info.get("icc_profile"))  # conversion of CMYK pixels has replaced it
    samples.xmp = as_bytes(info.get("xmp")) or as_bytes(info.get("XML:com.adobe.xmp"))
    samples.iptc = iptc_of_image(image)
    if samples.exif is None and isinstance(text := info.get("Raw profile type exif"), str):
        samples.exif = raw_profile(text)
    if image.format == "PNG":
        samples.declared = _space_of_chunks(info)
    samples.resolution = _resolution(info)
    samples.orientation = block_orientation(samples.exif)
    # Pillow applies the orientation of TIFF while loading, the JPEG XL decoder that of all files except
    # recompressed JPEGs. The HEIC plugin sets it to 1 in EXIF after applying it.
    if image.format == "TIFF" or (image.format == "JXL" and not getattr(image, "jpeg", False)):
        samples.applied = samples.orientation or 1
    return samples


def _space_of_chunks(info: dict[str | tuple[int, int], Any]) -> ColorSpace | None:
    """Color space declared by PNG's gAMA and cHRM chunks; None if it is sRGB or undeclared."""
    gamma, corners = info.get("gamma"), info.get("chromaticity")
    if "srgb" in info or not (gamma or corners):
        return None
    space = SRGB
    if corners and len(corners) == 8 and min(corners[1::2]) > 0 and max(corners) < 1:
        white, red, green, blue = (tuple(corners[index : index + 2]) for index in (0, 2, 4, 6))
        if max(abs(a - b) for a, b in zip(corners, _SRGB_CORNERS, strict=True)) > 2e-3:
            space = ColorSpace("PNG chunks", (red, green, blue), white, "srgb")
    # By the PNG standard, 1 / 2.2 stands for the sRGB curve.
    if gamma and 0.2 <= gamma <= 5 and abs(gamma - 1 / 2.2) > 1e-3:
        transfer = "linear" if gamma == 1 else f"gamma:{1 / gamma:.6g}"
        space = replace(space, name="PNG chunks", transfer=transfer)
    return None if space == SRGB else space


def _resolution(info: dict[str | tuple[int, int], Any]) -> tuple[float, float] | None:
    """Pixels per inch; None for JFIF's unit 0 and for Pillow's defaults where the unit is missing."""
    dpi = info.get("dpi")
    if info.get("jfif_unit") == 0 or not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    x, y = (float(v) for v in dpi)
    return (x, y) if 1 <= x <= 1e5 and 1 <= y <= 1e5 else None


def iptc_of_image(image: Image.Image) -> bytes | None:
    """IPTC-IIM among the Photoshop resources of an opened JPEG; None if there is none."""
    resources = image.info.get("photoshop")
    return as_bytes(resources.get(_IPTC_RESOURCE)) if isinstance(resources, dict) else None


def as_bytes(value: object) -> bytes | None:
    """A value of Pillow's info as bytes; None if it is empty or of another type."""
    if isinstance(value, str):
        value = value.encode("utf-8")
    return bytes(value) if isinstance(value, (bytes, bytearray)) and value else None
