"""Range and color space of decoded samples, as declared by the file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..color.cicp import CodePoints, understand
from ..color.profiles import ProfileError, ProfileReading, read_profile
from ..color.spaces import ADOBE_RGB, SRGB, ColorSpace
from .decoded_samples import Samples

__all__ = ["pixels_of"]

_BLOCK_PIXELS = 1 << 20
# Black and white of narrow range in 8 bits; both are multiplied for more bits (H.273, 8.3).
_NARROW_BLACK, _NARROW_WHITE = 16, 235


def pixels_of(values: np.ndarray, samples: Samples, notes: list[str]) -> tuple[np.ndarray, ColorSpace]:
    """Pixels and color space of decoded samples.

    Declarations are used in this order: code points that take precedence over the profile (PNG), the profile,
    other code points, other declarations of the file. Without any of them, sRGB is assumed.

    Args:
        values: H x W x 1 or 3, upright: unsigned integers of the full range of their type, or float32.
        samples: decoder output with the declarations; an unusable profile is removed from it.
        notes: list to which notes for the user are appended.

    Returns:
        H x W x 3 float32, white at 1, and their color space.
    """
    points = samples.code_points
    if points is not None and points.says_nothing:
        points = None
    if points is not None and samples.code_points_first:
        coded = _by_code_points(values, points, notes)
        if coded is not None:
            samples.icc = None
            return coded
        points = None
    profile = _profile(samples, notes)
    if profile is not None:
        if profile.code_points is None:
            return _by_profile(values, profile, samples, notes)
        points = profile.code_points
    if points is not None and (coded := _by_code_points(values, points, notes)) is not None:
        return coded
    if samples.declared is not None:
        return _as_float(values), samples.declared
    return _as_float(values), SRGB


def _profile(samples: Samples, notes: list[str]) -> ProfileReading | None:
    if samples.icc is None:
        return None
    try:
        profile = read_profile(samples.icc)
    except ProfileError as error:
        samples.icc = None
        notes.append(f"the embedded color profile is broken ({error}) and was ignored")
        return None
    gray = samples.values.shape[2] == 1
    if profile.kind != "lut" and gray != (profile.kind == "gray"):
        # An RGB profile in a gray file is common and harmless: its curve applies to all three channels.
        if gray and profile.kind == "rgb":
            return profile
        notes.append("the embedded color profile does not fit the pixels and was ignored")
        return None
    return profile


def _by_profile(
    values: np.ndarray, profile: ProfileReading, samples: Samples, notes: list[str]
) -> tuple[np.ndarray, ColorSpace]:
    pixels = _as_float(values)
    if profile.kind == "lut":
        return _through_engine(pixels, samples, notes)
    if profile.tables is not None:
        tables = profile.tables
        _by_blocks(pixels, lambda block: _through_tables(block, tables))
    return pixels, profile.space


def _through_engine(pixels: np.ndarray, samples: Samples, notes: list[str]) -> tuple[np.ndarray, ColorSpace]:
    from .lut_profiles import rgb_to_adobe_rgb

    converted = rgb_to_adobe_rgb(pixels, samples.icc or b"")
    if converted is None:
        notes.append("the embedded color profile could not be applied; sRGB was assumed")
        return pixels, SRGB
    notes.append("the embedded color profile is LUT-based; it was applied with 8-bit precision")
    return converted, ADOBE_RGB


def _by_code_points(
    values: np.ndarray, points: CodePoints, notes: list[str]
) -> tuple[np.ndarray, ColorSpace] | None:
    meaning = understand(points)
    if meaning is None:
        notes.append(
            f"the file declares its color by code points {points.primaries}/{points.transfer} (H.273), which "
            "are not supported; they were ignored"
        )
        return None
    pixels = _as_float(values)
    if not points.full_range and values.dtype.kind == "u":
        top = np.iinfo(values.dtype).max
        step = (top + 1) / 256 / top
        pixels -= np.float32(_NARROW_BLACK * step)
        pixels *= np.float32(1 / ((_NARROW_WHITE - _NARROW_BLACK) * step))
    if meaning.to_linear is not None:
        _by_blocks(pixels, meaning.to_linear)
    if meaning.note:
        notes.append(meaning.note)
    return pixels, meaning.space


def _as_float(values: np.ndarray) -> np.ndarray:
    """Scaled so that white is 1; gray is repeated to three channels."""
    out = np.empty((*values.shape[:2], 3), np.float32)
    scale = np.float32(1.0 if values.dtype.kind == "f" else 1.0 / np.iinfo(values.dtype).max)
    np.multiply(values, scale, out=out, casting="unsafe")
    return out


def _by_blocks(pixels: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> None:
    """Applied in place, in blocks of rows, to keep temporary arrays small."""
    step = max(1, _BLOCK_PIXELS // pixels.shape[1])
    for start in range(0, pixels.shape[0], step):
        pixels[start : start + step] = function(pixels[start : start + step])


def _through_tables(block: np.ndarray, tables: np.ndarray) -> np.ndarray:
    """Apply curves given as tables; they are constant outside [0, 1]."""
    positions = np.linspace(0, 1, tables.shape[1])
    return np.stack(
        [np.interp(block[..., c], positions, tables[min(c, len(tables) - 1)]) for c in range(3)], axis=-1
    )
