"""Demosaicing by LibRaw, with its automatic adjustments disabled."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import rawpy

from ..dng.write import cfa_dng_bytes
from .camera_color import CameraColor
from .options import RawOptions

__all__ = ["demosaic", "postprocess", "second_green"]

_ALGORITHMS = {"ahd": "AHD", "dht": "DHT", "dcb": "DCB", "vng": "VNG", "ppg": "PPG", "linear": "LINEAR"}


def second_green(options: RawOptions, multipliers: np.ndarray) -> float:
    """White balance of the second green: that of the first, unless the options have four multipliers."""
    if isinstance(options.white_balance, tuple) and len(options.white_balance) == 4:
        return float(options.white_balance[3] / min(options.white_balance[:3]))
    return float(multipliers[1])


def postprocess(
    raw: Any, options: RawOptions, multipliers: np.ndarray, half_size: bool, **changes: Any
) -> np.ndarray:
    """White-balanced, demosaiced camera RGB, linear, without automatic brightness.

    Args:
        raw: an opened `rawpy.RawPy`.
        multipliers: white balance of red, green, blue, the smallest 1.
        changes: further arguments of `rawpy.RawPy.postprocess`, which take precedence.

    Returns:
        H x W x 3 uint16; the most amplified channel is saturated at 65535.
    """
    settings = {
        "demosaic_algorithm": rawpy.DemosaicAlgorithm[_ALGORITHMS[options.demosaic]],
        "half_size": half_size,
        "user_wb": [*(float(m) for m in multipliers), second_green(options, multipliers)],
        "output_color": rawpy.ColorSpace.raw,
        "output_bps": 16,
        "gamma": (1, 1),
        "no_auto_bright": True,
        # Otherwise LibRaw lowers the white level to the brightest pixel.
        "adjust_maximum_thr": 0.0,
        # Amplified channels keep values above white; highlights are handled by `camera_color`.
        "highlight_mode": rawpy.HighlightMode.Ignore,
    }
    return np.asarray(raw.postprocess(**(settings | changes)))


def demosaic(
    mosaic: np.ndarray,
    pattern: np.ndarray,
    levels: tuple[int, int],
    color: CameraColor,
    options: RawOptions,
    half_size: bool,
) -> np.ndarray:
    """`postprocess` of a mosaic in memory.

    Args:
        mosaic: H x W uint16.
        pattern: rows x columns of 0 red, 1 green, 2 blue, from the top left corner.
        levels: black level and white level.
        color: color of the camera, by which some algorithms weight channels.
    """
    data = cfa_dng_bytes(
        mosaic,
        pattern,
        black_level=levels[0],
        white_level=levels[1],
        color_matrix=color.camera_from_xyz,
        as_shot_neutral=(1.0 / color.multipliers).tolist(),
        camera_model="llflow-photo mosaic",
    )
    with rawpy.imread(io.BytesIO(data)) as raw:
        return postprocess(raw, options, color.multipliers, half_size)
