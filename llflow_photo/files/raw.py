"""Decoding RAW files through LibRaw: to linear Rec. 2020, white at 1, headroom above."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from ..color.spaces import REC2020_LINEAR
from ..errors import FormatError, LLFlowPhotoError, ReadError
from ..photo import Metadata, Photo
from .camera_color import CameraColor, develop_camera_rgb
from .hot_pixels import repair_hot_pixels
from .limits import check_size
from .raw_metadata import RawContainer
from .raw_options import RawOptions

__all__ = ["decode_raw"]

_WHITE_CODE = 65535
# By LibRaw's flip, whose bits mirror columns, mirror rows, and transpose before both.
_EXIF_ORIENTATIONS = (1, 2, 4, 3, 5, 8, 6, 7)


def decode_raw(path: Path, options: RawOptions, half_size: bool, max_pixels: int) -> Photo:
    """Develop a RAW file; the photo is upright, its metadata complete but for sidecars.

    Raises:
        FormatError: no RAW file LibRaw supports, a monochrome one, or one with other than three colors.
        ReadError: truncated or damaged.
    """
    with _opened(path) as raw:
        sizes = raw.sizes
        check_size(sizes.raw_width, sizes.raw_height, os.path.getsize(path), max_pixels, path.name)
        _refuse_unsupported(raw, path)
        orientation = _EXIF_ORIENTATIONS[int(sizes.flip) & 7]
        container = RawContainer.read(path, raw)
        notes = list(container.notes)
        multipliers = _multipliers(raw, options, notes)
        color = _camera_color(raw, container, multipliers, notes)
        if options.hot_pixels:
            _repair(raw, notes)
        if container.is_ours:
            options = replace(options, highlights="keep")
        pixels = _develop(raw, options, multipliers, color, half_size)
    gain = 2.0**container.linear_baseline_exposure
    if gain != 1.0:
        pixels *= np.float32(gain)
    facts = _facts(container, color) | {"orientation": orientation}
    metadata = Metadata(exif=container.exif, xmp=container.xmp, iptc=container.iptc, raw=facts)
    return Photo(pixels, REC2020_LINEAR, 16, metadata, path, tuple(notes))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """LibRaw's errors under our names."""
    try:
        with rawpy.imread(str(path)) as raw:
            yield raw
    except LLFlowPhotoError:
        raise
    except (rawpy.LibRawFileUnsupportedError, rawpy.NotSupportedError) as error:
        raise FormatError(
            f"{path.name} is a RAW file of a kind LibRaw {_libraw()} does not support: {_text(error)}; "
            "convert it to DNG"
        ) from error
    except MemoryError as error:
        raise ReadError(f"{path.name} does not fit into memory") from error
    except Exception as error:  # LibRaw and its wrapper raise more than their documented classes
        raise ReadError(
            f"{path.name} cannot be decoded: {_text(error)}; the file is truncated or damaged"
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
            "Develop it elsewhere and give a TIFF if gray is meant"
        )
    if colors != 3:
        letters = raw.color_desc.decode("ascii", "replace")
        raise FormatError(
            f"{path.name} has a sensor of {colors} colors ({letters}); only red, green, blue are supported"
        )


def _multipliers(raw: Any, options: RawOptions, notes: list[str]) -> np.ndarray:
    """White balance of red, green, blue, the smallest 1."""
    if isinstance(options.white_balance, tuple):
        chosen = np.array(options.white_balance[:3], float)
        return np.asarray(chosen / chosen.min())
    daylight = _three(raw.daylight_whitebalance)
    as_shot = _three(raw.camera_whitebalance)
    balance = as_shot if options.white_balance == "camera" else daylight
    if balance is None and options.white_balance == "camera":
        notes.append("the file has no white balance as shot; daylight was used")
        balance = daylight
    if balance is None:
        notes.append("the file has no daylight white balance; none was applied")
        balance = np.ones(3)
    return np.asarray(balance / balance.min())


def _three(values: Any) -> np.ndarray | None:
    numbers = np.array(values[:3], float)
    return numbers if np.isfinite(numbers).all() and (numbers > 1e-6).all() else None


def _camera_color(
    raw: Any, container: RawContainer, multipliers: np.ndarray, notes: list[str]
) -> CameraColor:
    """The camera's matrix from LibRaw's table, from what LibRaw made of a DNG's, or from none."""
    if container.is_ours and container.color_matrix is not None and _invertible(container.color_matrix):
        # LibRaw's copy is rounded: pixels would drift with every round trip.
        return CameraColor(container.color_matrix, multipliers)
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
    notes.append("the camera's color matrix is not known; its RGB was taken for sRGB")
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
    count = repair_hot_pixels(mosaic, raw.raw_colors_visible, black, float(raw.white_level or _WHITE_CODE))
    if count:
        notes.append(f"{count} hot pixels were repaired")


def _develop(
    raw: Any, options: RawOptions, multipliers: np.ndarray, color: CameraColor, half_size: bool
) -> np.ndarray:
    names = {"ahd": "AHD", "dht": "DHT", "dcb": "DCB", "vng": "VNG", "ppg": "PPG", "linear": "LINEAR"}
    green2 = float(multipliers[1])
    if isinstance(options.white_balance, tuple) and len(options.white_balance) == 4:
        green2 = options.white_balance[3] / min(options.white_balance[:3])
    values = raw.postprocess(
        demosaic_algorithm=rawpy.DemosaicAlgorithm[names[options.demosaic]],
        half_size=half_size,
        user_wb=[*(float(m) for m in multipliers), green2],
        output_color=rawpy.ColorSpace.raw,
        output_bps=16,
        gamma=(1, 1),
        no_auto_bright=True,
        # Otherwise LibRaw lowers the white level to the brightest pixel it finds.
        adjust_maximum_thr=0.0,
        # The amplified channels keep what is above white; what to do with it is decided here, not there.
        highlight_mode=rawpy.HighlightMode.Ignore,
    )
    if values.ndim != 3 or values.shape[2] != 3:
        raise FormatError(f"the RAW file develops to {values.shape}; only three colors are supported")
    largest = float(max(multipliers.max(), green2))
    return develop_camera_rgb(values, color, multipliers, largest / _WHITE_CODE, options.highlights)


def _facts(container: RawContainer, color: CameraColor) -> dict[str, Any]:
    """What a linear DNG of this photo needs to know."""
    return {
        "make": container.make,
        "model": container.model,
        "unique_camera_model": container.unique_camera_model or f"{container.make} {container.model}".strip(),
        "camera_from_xyz": tuple(tuple(float(v) for v in row) for row in color.camera_from_xyz),
        "multipliers": tuple(float(v) for v in color.multipliers),
        "baseline_exposure": container.baseline_exposure,
    }
