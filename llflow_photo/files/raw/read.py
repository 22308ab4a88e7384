"""Developing RAW files: to linear Rec. 2020, white at 1, with headroom above."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from ...color.light_samples import LightSamples
from ...color.shadow_curve import ShadowCurve
from ...color.spaces import LINEAR_SRGB, REC2020_LINEAR, conversion_matrix
from ...errors import FormatError, LLFlowPhotoError, ReadError
from ...photo import Metadata, Photo
from ..dng.color import as_shot_neutral, camera_from_xyz, daylight_neutral
from ..dng.read import DngPicture, corrections_left_out, develop_dng, open_dng
from ..limits import check_size
from .camera_color import CameraColor, develop_camera_rgb
from .checks import refuse_missing_pixels, refuse_pixels_beyond_the_end
from .demosaic import postprocess, second_green
from .hot_pixels import repair_hot_pixels
from .light_samples import light_samples
from .metadata import RawContainer
from .options import RawOptions
from .shadows import shadow_curve

__all__ = ["decode_raw"]

_WHITE_LEVEL = 65535
# Indexed by LibRaw's flip, whose bits mean: mirror columns, mirror rows, transpose first.
_EXIF_ORIENTATIONS = (1, 2, 4, 3, 5, 8, 6, 7)
_PATTERNS = ((2, 2), (6, 6))
_UNSUPPORTED = (rawpy.LibRawFileUnsupportedError, rawpy.LibRawNotImplementedError, rawpy.NotSupportedError)


def decode_raw(path: Path, options: RawOptions, half_size: bool, max_pixels: int) -> Photo:
    """Develop a RAW file to an upright photo with its metadata, except sidecars.

    DNG files are developed according to their specification (`dng.read`), others by LibRaw.

    Raises:
        FormatError: LibRaw does not support the file, or its sensor is monochrome.
        ReadError: the file is truncated, damaged, or has no pixel data.
    """
    picture = open_dng(path, max_pixels)
    if picture is not None:
        return _decode_dng(picture, path, options, half_size)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        refuse_pixels_beyond_the_end(data, path.name)
    with _opened(path) as raw:
        sizes = raw.sizes
        check_size(sizes.raw_width, sizes.raw_height, os.path.getsize(path), max_pixels, path.name)
        _refuse_unsupported(raw, path)
        orientation = _EXIF_ORIENTATIONS[int(sizes.flip) & 7]
        missing = _refuse_missing_pixels(raw, path)
        container = RawContainer.read(path, raw)
        notes = [*container.notes, *missing, *corrections_left_out(path)]
        if int(raw.num_colors) == 4:
            pixels, color = _develop_four_colors(raw, options, half_size, notes), None
            curve = samples = None
        else:
            multipliers = _multipliers(raw, options, notes)
            color = _camera_color(raw, container, multipliers, notes)
            if options.hot_pixels:
                _repair(raw, notes)
            # Before development, which changes LibRaw's description of the mosaic.
            curve = _shadow_curve(raw, options, color, half_size)
            samples = _light_samples(raw, options, color, orientation, half_size)
            pixels = _develop(raw, options, color, half_size)
    facts = _facts(container, color, orientation, curve, samples)
    return _photo(pixels, container, facts, path, notes)


def _decode_dng(picture: DngPicture, path: Path, options: RawOptions, half_size: bool) -> Photo:
    with _libraw_view(path) as raw:
        container = RawContainer.read(path, raw)
        notes = [*container.notes, *picture.notes]
        color = _dng_color(picture, raw, container, options, notes)
    if container.is_ours:
        options = replace(options, highlights="keep")
    else:
        # Blank files by this program are intentional and accepted.
        mosaic = picture.pattern is not None
        white = picture.greatest_value
        black = picture.black
        notes += refuse_missing_pixels(
            picture.active_samples, path.name, black=black, white=white, mosaic=mosaic
        )
    with _named_errors(path):
        pixels, curve, samples = develop_dng(picture, color, options, half_size, path.name, notes)
    container = replace(container, is_linear=picture.pattern is None)
    facts = _facts(container, color, picture.orientation, curve, samples)
    return _photo(pixels, container, facts, path, notes)


def _photo(
    pixels: np.ndarray, container: RawContainer, facts: dict[str, Any], path: Path, notes: list[str]
) -> Photo:
    """The photo of developed, upright pixels."""
    gain = np.float32(2.0**container.linear_baseline_exposure)
    if gain != 1.0:
        pixels *= gain
    metadata = Metadata(exif=container.exif, xmp=container.xmp, iptc=container.iptc, raw=facts)
    return Photo(pixels, REC2020_LINEAR, 16, metadata, path, tuple(dict.fromkeys(notes)))


@contextlib.contextmanager
def _libraw_view(path: Path) -> Iterator[Any]:
    """LibRaw's metadata of a DNG (lens, color of cameras without a matrix); None if LibRaw fails."""
    try:
        raw = rawpy.imread(str(path))
    except Exception:  # not needed for the pixels; LibRaw and its wrapper raise many classes
        yield None
        return
    with raw:
        yield raw


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A file opened by LibRaw, with its errors converted to those of this package."""
    with _named_errors(path), rawpy.imread(str(path)) as raw:
        yield raw


@contextlib.contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Convert LibRaw's errors to those of this package."""
    try:
        yield
    except LLFlowPhotoError:
        raise
    except _UNSUPPORTED as error:
        raise FormatError(
            f"{path.name} is a RAW file of a kind that LibRaw {_libraw()} does not support, or its beginning "
            f"is damaged: {_text(error)}; where other programs open it, convert it to DNG with lossless "
            "compression (Adobe DNG Converter), or give a 16-bit TIFF"
        ) from error
    except MemoryError as error:
        raise ReadError(f"{path.name} does not fit into memory; close other programs") from error
    except Exception as error:  # LibRaw and its wrapper raise undocumented classes, too
        raise ReadError(
            f"{path.name} cannot be decoded: {_text(error)}; the file is truncated or damaged (copy it "
            f"again), or of a variant that LibRaw {_libraw()} does not know (where other programs open it, "
            "convert it to DNG)"
        ) from error


def _libraw() -> str:
    return ".".join(str(part) for part in rawpy.libraw_version)


def _text(error: Exception) -> str:
    first = error.args[0] if error.args else type(error).__name__
    return first.decode("ascii", "replace") if isinstance(first, bytes) else str(first)


def _refuse_unsupported(raw: Any, path: Path) -> None:
    colors = int(raw.num_colors)
    if colors == 1:
        raise FormatError(
            f"{path.name} comes from a monochrome sensor; the network needs color. "
            "Develop it elsewhere and give a TIFF for a gray result"
        )
    if colors not in (3, 4):
        letters = raw.color_desc.decode("ascii", "replace")
        raise FormatError(
            f"{path.name} has a sensor of {colors} colors ({letters}); three or four are supported. "
            "Develop it elsewhere and give a 16-bit TIFF"
        )


def _refuse_missing_pixels(raw: Any, path: Path) -> list[str]:
    samples = raw.raw_image_visible
    if samples.ndim == 3:
        samples = samples[..., :3]
    mosaic = raw.raw_type == rawpy.RawType.Flat
    white = float(raw.white_level or _WHITE_LEVEL)
    black = float(np.min(raw.black_level_per_channel or 0))
    return refuse_missing_pixels(samples, path.name, black=black, white=white, mosaic=mosaic)


def _multipliers(raw: Any, options: RawOptions, notes: list[str]) -> np.ndarray:
    """White balance multipliers of red, green, blue; the smallest is 1."""
    as_shot, daylight = _three(raw.camera_whitebalance), _three(raw.daylight_whitebalance)
    return _chosen_balance(as_shot, daylight, options, notes)


def _chosen_balance(
    as_shot: np.ndarray | None, daylight: np.ndarray | None, options: RawOptions, notes: list[str]
) -> np.ndarray:
    """Multipliers selected by the options; those of the file are None if missing."""
    if isinstance(options.white_balance, tuple):
        chosen = np.array(options.white_balance[:3], float)
        return np.asarray(chosen / chosen.min())
    balance = as_shot if options.white_balance == "camera" else daylight
    if balance is None and options.white_balance == "camera":
        notes.append("the file has no white balance as shot; daylight was used")
        balance = daylight
    if balance is None:
        notes.append("the file has no daylight white balance; none was applied")
        balance = np.ones(3)
    return np.asarray(balance / balance.min())


def _dng_color(
    picture: DngPicture, raw: Any, container: RawContainer, options: RawOptions, notes: list[str]
) -> CameraColor:
    """Matrix and white balance from the DNG's fields; LibRaw's matrix if it has none."""
    matrix = camera_from_xyz(picture.page)
    if matrix is None:
        multipliers = _multipliers(raw, options, notes) if raw is not None else np.ones(3)
        neutral = as_shot_neutral(picture.page)
        if neutral is not None and options.white_balance == "camera":
            multipliers = neutral.max() / neutral
        return _camera_color(raw, container, multipliers, notes)
    neutral, daylight = as_shot_neutral(picture.page), daylight_neutral(matrix)
    as_shot = None if neutral is None else 1.0 / neutral
    by_daylight = 1.0 / daylight if (daylight > 1e-6).all() else None
    return CameraColor(matrix, _chosen_balance(as_shot, by_daylight, options, notes))


def _three(values: Any) -> np.ndarray | None:
    numbers = np.array(values[:3], float)
    return numbers if np.isfinite(numbers).all() and (numbers > 1e-6).all() else None


def _camera_color(
    raw: Any, container: RawContainer, multipliers: np.ndarray, notes: list[str]
) -> CameraColor:
    """Color of the camera from LibRaw's matrix; approximate if LibRaw has none."""
    if raw is None:
        notes.append(
            "the camera's color matrix is not known; its RGB was taken as sRGB, so colors are approximate"
        )
        return CameraColor.from_srgb_matrix(np.eye(3), np.ones(3), multipliers)
    matrix = np.array(raw.rgb_xyz_matrix, float)[:3]
    if _invertible(matrix):
        return CameraColor(matrix, multipliers)
    to_srgb = np.array(raw.color_matrix, float)[:3, :3]
    daylight = _three(raw.daylight_whitebalance)
    if _invertible(to_srgb) and np.abs(to_srgb.sum(axis=1) - 1).max() < 0.02:
        return CameraColor.from_srgb_matrix(
            to_srgb, daylight if daylight is not None else np.ones(3), multipliers
        )
    if container.color_matrix is not None and _invertible(container.color_matrix):
        return CameraColor(container.color_matrix, multipliers)
    notes.append(
        "the camera's color matrix is not known; its RGB was taken as sRGB, so colors are approximate"
    )
    return CameraColor.from_srgb_matrix(np.eye(3), np.ones(3), multipliers)


def _invertible(matrix: np.ndarray) -> bool:
    return bool(np.isfinite(matrix).all()) and abs(float(np.linalg.det(matrix))) > 1e-6


def _repair(raw: Any, notes: list[str]) -> None:
    if raw.raw_type != rawpy.RawType.Flat or raw.raw_pattern is None:
        return
    black = np.array(raw.black_level_per_channel, np.float32)
    if black.size < 4:
        return
    mosaic = raw.raw_image_visible
    count = repair_hot_pixels(mosaic, raw.raw_colors_visible, black, float(raw.white_level or _WHITE_LEVEL))
    if count:
        notes.append(f"{count} hot pixels were repaired")


def _develop(raw: Any, options: RawOptions, color: CameraColor, half_size: bool) -> np.ndarray:
    multipliers = color.multipliers
    values = postprocess(raw, options, multipliers, half_size)
    if values.ndim != 3 or values.shape[2] != 3:
        raise FormatError(f"the RAW file develops to {values.shape}; only three colors are supported")
    largest = float(max(multipliers.max(), second_green(options, multipliers)))
    return develop_camera_rgb(values, color, multipliers, largest / _WHITE_LEVEL, options.highlights)


def _shadow_curve(raw: Any, options: RawOptions, color: CameraColor, half_size: bool) -> ShadowCurve | None:
    if raw.raw_type != rawpy.RawType.Flat or raw.raw_pattern is None:
        return None
    pattern, levels = np.array(raw.raw_pattern), _levels(raw)
    if levels[0].size < 4 or pattern.shape not in _PATTERNS:
        return None
    pattern = np.where(pattern == 3, 1, pattern)  # LibRaw's index of the second green
    mosaic, colors = raw.raw_image_visible, raw.raw_colors_visible
    return shadow_curve(mosaic, colors, levels, pattern, color, options, half_size)


def _light_samples(
    raw: Any, options: RawOptions, color: CameraColor, orientation: int, half_size: bool
) -> LightSamples | None:
    """`light_samples` of the visible area; None if LibRaw develops it to another shape."""
    if raw.raw_type != rawpy.RawType.Flat or raw.raw_pattern is None or raw.sizes.pixel_aspect != 1.0:
        return None
    mosaic, levels, shape = raw.raw_image_visible, _levels(raw), raw.raw_pattern.shape
    of_photo = raw.sizes.iheight, raw.sizes.iwidth
    if levels[0].size < 4 or shape not in _PATTERNS or of_photo != mosaic.shape:
        return None
    # LibRaw's own pattern begins at a corner outside the visible area.
    pattern = raw.raw_colors_visible[: shape[0], : shape[1]]
    return light_samples(mosaic, pattern, levels, color, orientation, options, half_size=half_size)


def _levels(raw: Any) -> tuple[np.ndarray, float]:
    """Black level by color index, and saturation level."""
    return np.array(raw.black_level_per_channel, np.float32), float(raw.white_level or _WHITE_LEVEL)


def _develop_four_colors(raw: Any, options: RawOptions, half_size: bool, notes: list[str]) -> np.ndarray:
    """Linear Rec. 2020 of a four-color sensor, by LibRaw's matrix; highlights are clipped at white."""
    if isinstance(options.white_balance, tuple):
        notes.append(
            "the requested white balance is for sensors of three colors; that of the camera was used"
        )
    as_shot = np.array(raw.camera_whitebalance, float)
    usable = as_shot.size == 4 and bool(np.isfinite(as_shot).all()) and bool((as_shot > 1e-6).all())
    if not usable and options.white_balance != "daylight":
        notes.append("the file has no white balance as shot; daylight was used")
    if options.hot_pixels:
        _repair(raw, notes)
    values = postprocess(
        raw,
        options,
        np.ones(3),
        half_size,
        user_wb=None,
        use_camera_wb=usable and options.white_balance != "daylight",
        highlight_mode=rawpy.HighlightMode.Clip,
    )
    letters = raw.color_desc.decode("ascii", "replace")
    notes.append(f"the sensor has four colors ({letters}); highlights were clipped at white")
    srgb_from_camera = np.array(raw.color_matrix, float)
    if not np.allclose(srgb_from_camera.sum(axis=1), 1, atol=0.05):
        raise FormatError(
            f"the colors of this sensor ({letters}) are not known to LibRaw {_libraw()}; develop the file "
            "elsewhere and give a 16-bit TIFF"
        )
    matrix = conversion_matrix(LINEAR_SRGB, REC2020_LINEAR) @ srgb_from_camera
    return np.asarray(values @ (matrix.T / _WHITE_LEVEL).astype(np.float32))


def _facts(
    container: RawContainer,
    color: CameraColor | None,
    orientation: int,
    curve: ShadowCurve | None,
    samples: LightSamples | None,
) -> dict[str, Any]:
    """`Metadata.raw`; only names for four-color sensors."""
    facts: dict[str, Any] = {
        "make": container.make,
        "model": container.model,
        "unique_camera_model": container.unique_camera_model or f"{container.make} {container.model}".strip(),
        "baseline_exposure": container.baseline_exposure,
        "is_rendering": container.is_ours,
        "orientation": orientation,
        "shadow_curve": curve,
    }
    if samples is not None:
        gain = np.float32(2.0**container.linear_baseline_exposure)
        facts["light_samples"] = replace(samples, light=samples.light * gain)
    if color is not None:
        facts["camera_from_xyz"] = tuple(tuple(float(v) for v in row) for row in color.camera_from_xyz)
        facts["multipliers"] = tuple(float(v) for v in color.multipliers)
    return facts
