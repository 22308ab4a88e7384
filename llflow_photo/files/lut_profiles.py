"""LUT-based ICC profiles, applied by Pillow's LittleCMS; matrix profiles are handled in `color.profiles`."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from ..color.profiles import profile_bytes
from ..color.spaces import ADOBE_RGB

__all__ = ["cmyk_to_adobe_rgb", "rgb_to_adobe_rgb"]

_GRID = 33


def cmyk_to_adobe_rgb(image: Image.Image) -> np.ndarray | None:
    """H x W x 3 uint8 in Adobe RGB, or None if the embedded profile is missing or broken.

    On success the image's profile is replaced by that of Adobe RGB.
    """
    icc = image.info.get("icc_profile")
    if not icc:
        return None
    try:
        transform = _transform(icc, "CMYK")
        converted = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    if converted is None:
        return None
    image.info["icc_profile"] = profile_bytes(ADOBE_RGB)
    return np.asarray(converted)


def rgb_to_adobe_rgb(values: np.ndarray, icc: bytes) -> np.ndarray | None:
    """RGB of a LUT-based profile as Adobe RGB, H x W x 3 float32 in [0, 1]; None if the profile is broken.

    LittleCMS converts a grid of 33 x 33 x 33 colors; colors between them are interpolated.
    """
    axis = np.linspace(0, 255, _GRID).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(_GRID, _GRID * _GRID, 3)
    try:
        converted = ImageCms.applyTransform(Image.fromarray(grid), _transform(icc, "RGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    if converted is None:
        return None
    table = (np.asarray(converted, np.float32) / 255).reshape(_GRID, _GRID, _GRID, 3)
    out = np.empty_like(values)
    step = max(1, (1 << 17) // values.shape[1])
    for start in range(0, values.shape[0], step):
        out[start : start + step] = _interpolate(
            table, np.clip(values[start : start + step], 0, 1), axis / 255
        )
    return out


def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes(ADOBE_RGB)))
    return ImageCms.buildTransform(
        source,
        target,
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _interpolate(table: np.ndarray, values: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Trilinear interpolation in a table."""
    position = np.interp(values, axis, np.arange(len(axis))).astype(np.float32)
    low = np.minimum(position.astype(np.intp), len(axis) - 2)
    fraction = position - low
    out = np.zeros(values.shape, np.float32)
    for corner in range(8):
        bits = [corner >> shift & 1 for shift in range(3)]
        weight = np.ones(values.shape[:-1], np.float32)
        for channel, bit in enumerate(bits):
            weight *= fraction[..., channel] if bit else 1 - fraction[..., channel]
        index = tuple(low[..., channel] + bit for channel, bit in enumerate(bits))
        out += weight[..., None] * table[index]
    return out
