"""Pixel values of images decoded by Pillow, of all modes, with the bit depth of the file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from ...errors import FormatError, ReadError

__all__ = ["no_global_limit", "values_of"]

_BOMB_LOCK = threading.Lock()
_GRAY_16 = ("I;16", "I;16B", "I;16L", "I;16N")


@contextmanager
def no_global_limit() -> Iterator[None]:
    """Disable Pillow's limit of 180 megapixels; callers check their own limit after reading the header."""
    with _BOMB_LOCK:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def values_of(image: Image.Image, notes: list[str]) -> tuple[np.ndarray, int]:
    """H x W x 3 or H x W x 1, uint8 or uint16 of the full range, as stored; and the bit depth of the file.

    Args:
        notes: list to which notes on what was left out are appended.

    Raises:
        FormatError: the mode is not supported.
    """
    mode = image.mode
    if image.format == "PNG" and mode in ("RGB", "RGBA") and _raw_mode(image).endswith(";16B"):
        if mode != "RGB":
            notes.append("the alpha channel was not kept")
        return _deep_png(image), 16
    if mode in _GRAY_16:
        return np.asarray(image).astype(np.uint16)[..., None], 16
    if mode == "I":
        # Older Pillow reads 16-bit gray PNG into 32-bit integers.
        return np.clip(np.asarray(image), 0, 65535).astype(np.uint16)[..., None], 16
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        notes.append("the alpha channel was not kept")
    if mode == "P":
        # By way of RGBA, so that a transparent color keeps its value.
        image = image.convert("RGBA")
    if mode in ("1", "L", "LA", "La"):
        return np.asarray(image.convert("L"))[..., None], 8
    if mode == "CMYK":
        return _from_cmyk(image, notes), 8
    if image.mode in ("RGB", "RGBA", "RGBX", "YCbCr", "PA", "HSV", "RGBa"):
        return np.asarray(image.convert("RGB")), 8
    raise FormatError(f"pixels of mode {mode} cannot be read; convert the file to RGB first")


def _raw_mode(image: Image.Image) -> str:
    tile = getattr(image, "tile", None)
    arguments = tile[0][3] if tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _deep_png(image: Image.Image) -> np.ndarray:
    """16-bit color or gray; Pillow keeps only the upper bytes of samples.

    Its unpackers of color take the first or the second byte of a sample, for big- and little-endian files.
    Decoding the file once with each byte order gives both. For gray with alpha it has only one of them; but
    a pixel has four bytes, like one of 8-bit color with alpha, and decoded as such it keeps all.
    """
    raw_mode = _raw_mode(image)
    if raw_mode == "LA;16B":
        whole = _decoded_again(image, "RGBA")
        upper, lower = whole[..., 0:1], whole[..., 1:2]
    else:
        upper, lower = (_decoded_again(image, raw_mode[:-1] + order)[..., :3] for order in "BL")
    out = upper.astype(np.uint16)
    out <<= 8
    out |= lower
    return out


def _decoded_again(image: Image.Image, raw_mode: str) -> np.ndarray:
    """H x W x 3 or H x W x 4, uint8: the file of a PNG image, decoded with another of Pillow's unpackers."""
    fp = getattr(image, "fp", None)
    if fp is None:
        raise ReadError("the PNG file is closed")
    fp.seek(0)
    with no_global_limit():
        again = Image.open(fp, formats=["PNG"])
    again.tile = [(*tile[:3], raw_mode) for tile in again.tile]  # type: ignore[misc]
    return np.asarray(again)


def _from_cmyk(image: Image.Image, notes: list[str]) -> np.ndarray:
    """Convert by the embedded profile to Adobe RGB; without a valid profile, approximately to sRGB."""
    from ..lut_profiles import cmyk_to_adobe_rgb

    converted = cmyk_to_adobe_rgb(image)
    if converted is not None:
        return converted
    notes.append(
        "CMYK without a usable profile: colors are approximate; convert the file to RGB for exact ones"
    )
    image.info.pop("icc_profile", None)
    return np.asarray(image.convert("RGB"))
