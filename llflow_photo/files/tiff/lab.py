"""Conversion of CIE L*a*b* pixels of TIFF to linear RGB. Source: TIFF 6.0, section 23."""

from __future__ import annotations

import numpy as np

from ...color.spaces import PROPHOTO, ColorSpace, xyz_matrix
from ...errors import FormatError
from .tags import Photometric

__all__ = ["LAB_KINDS", "lab_space", "lab_to_linear"]

LAB_KINDS = (Photometric.CIELab, Photometric.ICCLab)
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])
_BLOCK_PIXELS = 1 << 18


def lab_space() -> ColorSpace:
    """Color space of `lab_to_linear`: linear ProPhoto RGB, whose white is D50, like that of L*a*b*."""
    return PROPHOTO.linear()


def lab_to_linear(values: np.ndarray, photometric: int, name: str) -> np.ndarray:
    """Convert L*a*b* to linear ProPhoto RGB.

    Args:
        values: H x W x 3, uint8 or uint16, encoded according to photometric interpretation.
        photometric: `Photometric.CIELab` or `Photometric.ICCLab`.
        name: file name, for messages.

    Returns:
        H x W x 3 float32, white at 1; colors outside the gamut are kept.

    Raises:
        FormatError: the samples have another type.
    """
    if values.dtype not in (np.uint8, np.uint16):
        raise FormatError(f"{name} has L*a*b* samples of {values.dtype}; save it as RGB")
    to_rgb = np.linalg.inv(xyz_matrix(PROPHOTO)).T
    out = np.empty(values.shape, np.float32)
    step = max(1, _BLOCK_PIXELS // values.shape[1])
    for start in range(0, values.shape[0], step):
        out[start : start + step] = _xyz(values[start : start + step], photometric) @ to_rgb
    return out


def _xyz(values: np.ndarray, photometric: int) -> np.ndarray:
    deep = values.dtype == np.uint16
    steps = 256.0 if deep else 1.0
    if photometric == Photometric.CIELab:
        lightness = values[..., 0] * (100.0 / (65535 if deep else 255))
        a, b = (np.ascontiguousarray(values[..., c]).view(f"i{values.itemsize}") / steps for c in (1, 2))
    else:
        # The older 16-bit encoding of ICC, which TIFF uses: white at FF00.
        lightness = values[..., 0] * (100.0 / (65280 if deep else 255))
        a, b = (values[..., c] / steps - 128.0 for c in (1, 2))
    fy = (lightness + 16) / 116
    f = np.stack([fy + a / 500, fy, fy - b / 200], axis=-1)
    # CIE 15: the inverse of the cube root with its linear part.
    return np.asarray(np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * _D50_XYZ)
