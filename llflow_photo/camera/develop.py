"""Development by LibRaw like real RAW files: camera white balance, no automatic brightness, AHD."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from ..errors import ImageInputError
from ..files.dng.write import cfa_dng_bytes
from .curves import linear_to_srgb, s_curve
from .raw import PATTERNS, RawFrame
from .sensors import CAMERAS, XYZ_FROM_SRGB

__all__ = ["develop", "develop_many"]

_PADDING = 8
"""Mirrored pixels around each stacked frame: more than the reach of AHD, and even, to keep the phase."""


def develop(frame: RawFrame, contrast: bool = False) -> np.ndarray:
    """Develop one frame, completely by LibRaw.

    Args:
        contrast: whether to apply a camera's S-curve after the sRGB curve, as in camera JPEGs.

    Returns:
        H x W x 3, float32, sRGB-encoded, in [0, 1].
    """
    linear = _libraw(
        frame.mosaic,
        frame.pattern,
        frame.black_level,
        frame.white_level,
        frame.color_matrix,
        frame.neutral,
        raw_color=False,
    )
    return _encoded(linear.astype(np.float32) / np.float32(65535), contrast)


def develop_many(frames: Sequence[RawFrame], contrast: Sequence[bool] | None = None) -> np.ndarray:
    """Develop N frames of equal size in one call of LibRaw, which has a high cost per call.

    Levels and white balance are applied here, in the same way as by LibRaw (negative values are clipped, the
    smallest gain is 1, 16 bits). The frames are stacked into one mosaic, which LibRaw demosaics. Finally,
    their color matrices are applied here.

    Returns:
        N x H x W x 3, float32, sRGB-encoded, in [0, 1]; like `develop` of each, except for the outermost
        pixels.

    Raises:
        ImageInputError: the frames differ in size.
    """
    shapes = {frame.mosaic.shape for frame in frames}
    if len(shapes) != 1:
        raise ImageInputError(f"frames developed together must have equal sizes, not {sorted(shapes)}")
    height, width = shapes.pop()
    slot = height + 2 * _PADDING + height % 2
    stack = np.concatenate([_slot(frame, slot) for frame in frames])
    typical = np.array(CAMERAS[1].color_matrix)  # only used by AHD, to weight colors
    linear = _libraw(stack, "RGGB", 0, 65535, typical, (1.0, 1.0, 1.0), raw_color=True)
    linear = linear.reshape(len(frames), slot, -1, 3)
    developed = []
    for index, frame in enumerate(frames):
        row, column = divmod(PATTERNS.index(frame.pattern), 2)
        top, left = _PADDING + row, _PADDING + column
        camera = linear[index, top : top + height, left : left + width].astype(np.float32)
        rgb = camera @ (_srgb_from_camera(frame.color_matrix).T / np.float32(65535))
        developed.append(_encoded(rgb, contrast is not None and contrast[index]))
    return np.stack(developed)


def _slot(frame: RawFrame, slot: int) -> np.ndarray:
    """A frame's balanced mosaic, mirrored outwards so that it begins with a red pixel."""
    height, width = frame.mosaic.shape
    row, column = divmod(PATTERNS.index(frame.pattern), 2)
    top, left = _PADDING + row, _PADDING + column
    balanced = _balanced(frame)
    return np.pad(
        balanced,
        ((top, slot - top - height), (left, 2 * _PADDING + width % 2 - left)),
        mode="reflect",
    )


def _balanced(frame: RawFrame) -> np.ndarray:
    """Subtract black, multiply by the white balance, scale to 16 bits: H x W, uint16."""
    values = np.maximum(frame.mosaic.astype(np.float32) - np.float32(frame.black_level), np.float32(0.0))
    gains = 1.0 / np.array(frame.neutral)
    gains *= 65535.0 / (gains.min() * (frame.white_level - frame.black_level))
    for index, color in enumerate(frame.pattern):
        values[index // 2 :: 2, index % 2 :: 2] *= np.float32(gains["RGB".index(color)])
    return np.asarray(np.minimum(values, np.float32(65535.0)), np.uint16)


def _srgb_from_camera(color_matrix: np.ndarray) -> np.ndarray:
    camera_from_srgb = color_matrix @ XYZ_FROM_SRGB
    camera_from_srgb /= camera_from_srgb.sum(1, keepdims=True)
    return np.asarray(np.linalg.inv(camera_from_srgb), np.float32)


def _encoded(linear: np.ndarray, contrast: bool) -> np.ndarray:
    encoded = linear_to_srgb(linear)
    return s_curve(encoded) if contrast else encoded


def _libraw(
    mosaic: np.ndarray,
    pattern: str,
    black_level: int,
    white_level: int,
    color_matrix: np.ndarray,
    neutral: Sequence[float],
    raw_color: bool,
) -> np.ndarray:
    """Linear H x W x 3, uint16, in sRGB's primaries or the camera's own."""
    import rawpy

    space = rawpy.ColorSpace.raw if raw_color else rawpy.ColorSpace.sRGB
    # Rounded to the usual precision of these fields in camera files.
    dng = cfa_dng_bytes(
        mosaic,
        pattern,
        black_level=black_level,
        white_level=white_level,
        color_matrix=np.round(color_matrix, 4),
        as_shot_neutral=[round(value, 6) for value in neutral],
    )
    with rawpy.imread(io.BytesIO(dng)) as raw:
        result: np.ndarray = raw.postprocess(
            gamma=(1, 1),
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            use_camera_wb=True,
            output_bps=16,
            output_color=space,
        )
    return result
