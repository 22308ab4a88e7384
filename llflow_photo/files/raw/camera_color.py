"""Conversion of camera RGB to a color space, and recovery of highlights that the sensor clipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...color.channels import greatest_channel
from ...color.highlights import smoothstep
from ...color.spaces import LINEAR_SRGB, REC2020_LINEAR, xyz_matrix

__all__ = ["CameraColor", "develop_camera_rgb", "recover_highlights"]

_BLOCK_PIXELS = 1 << 15  # a block and its temporaries fit into the processor's cache


@dataclass(frozen=True)
class CameraColor:
    """Color of a camera's RGB.

    Attributes:
        camera_from_xyz: 3 x 3, CIE XYZ under D65 to camera RGB before white balance (the DNG ColorMatrix).
        multipliers: white balance multipliers of red, green, blue; the smallest is 1.
    """

    camera_from_xyz: np.ndarray
    multipliers: np.ndarray

    def to_rec2020(self) -> np.ndarray:
        """3 x 3: white-balanced camera RGB to linear Rec. 2020; (1, 1, 1) is mapped to (1, 1, 1)."""
        balanced = self.camera_from_xyz @ xyz_matrix(REC2020_LINEAR)
        balanced /= balanced.sum(axis=1, keepdims=True)
        return np.asarray(np.linalg.inv(balanced))

    @classmethod
    def from_srgb_matrix(
        cls, srgb_from_camera: np.ndarray, daylight: np.ndarray, multipliers: np.ndarray
    ) -> CameraColor:
        """From the matrix of white-balanced camera RGB to linear sRGB, and the multipliers for daylight."""
        balanced = np.linalg.inv(srgb_from_camera) @ np.linalg.inv(xyz_matrix(LINEAR_SRGB))
        return cls(balanced / daylight[:, None], multipliers)


def develop_camera_rgb(
    values: np.ndarray, color: CameraColor, clip_levels: np.ndarray, scale: float, highlights: str
) -> np.ndarray:
    """Convert demosaiced, white-balanced camera RGB to linear Rec. 2020.

    Args:
        values: H x W x 3 uint16.
        clip_levels: saturation level of each channel, in units of white, 3 numbers of at least 1.
        scale: linear light of one unit of ``values``; the least amplified channel saturates at 1.
        highlights: ``neutral``, ``clip`` or ``keep``, see `RawOptions`.

    Returns:
        H x W x 3 float32, white at 1, with headroom unless clipped; out-of-gamut values negative.
    """
    matrix = color.to_rec2020().T.astype(np.float32)
    out = np.empty(values.shape, np.float32)
    step = max(1, _BLOCK_PIXELS // values.shape[1])
    for start in range(0, values.shape[0], step):
        block = values[start : start + step].astype(np.float32) * np.float32(scale)
        if highlights == "clip":
            np.minimum(block, 1.0, out=block)
        elif highlights == "neutral":
            block = recover_highlights(block, clip_levels)
        np.matmul(block, matrix, out=out[start : start + step])
    return out


def recover_highlights(block: np.ndarray, clip_levels: np.ndarray) -> np.ndarray:
    """Remove the false color of saturated pixels, but keep their brightness.

    A pixel with a saturated channel gets the chroma of the same pixel with all channels clipped at white
    (none, for a white lamp), at its own brightness. The transition is smooth and begins at 90 % of
    saturation.

    Args:
        block: ... x 3 float32, white-balanced camera RGB.
        clip_levels: saturation level of each channel, 3 numbers of at least 1.
    """
    saturation = greatest_channel(block / clip_levels.astype(np.float32))
    touched = saturation > 0.9
    if not touched.any():
        return block
    pixels, w = block[touched], smoothstep(0.9, 0.99, saturation[touched])[:, None]
    cut = np.minimum(pixels, 1.0)
    brightness = pixels.mean(axis=1, keepdims=True)
    chroma = cut - cut.mean(axis=1, keepdims=True)
    recovered = np.maximum(brightness + chroma, 0.0)
    out = block.copy()
    out[touched] = pixels * (1 - w) + recovered * w
    return out
