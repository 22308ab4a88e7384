"""Color declared by code points, as in PNG (cICP), HEIF and AVIF (nclx) and ICC profiles (cicp).

Sources: ITU-T H.273 (tables of code points), ITU-R BT.2100-2 (PQ and HLG), ITU-R BT.2408 (diffuse white).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .spaces import DISPLAY_P3, LINEAR_SRGB, REC2020_LINEAR, SPACES, SRGB, ColorSpace, luminance_weights

__all__ = ["CodePoints", "CodedColor", "understand"]

_UNSPECIFIED = 2
_C = (0.310, 0.316)
_D65 = (0.3127, 0.3290)
_E = (1 / 3, 1 / 3)
_SMPTE_C = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
_PRIMARIES = {
    1: (SRGB.primaries, _D65),
    4: (((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), _C),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), _D65),
    6: (_SMPTE_C, _D65),
    7: (_SMPTE_C, _D65),
    8: (((0.681, 0.319), (0.243, 0.692), (0.145, 0.049)), _C),
    9: (REC2020_LINEAR.primaries, _D65),
    10: (((1.0, 0.0), (0.0, 1.0), (0.0, 0.0)), _E),
    11: (DISPLAY_P3.primaries, (0.314, 0.351)),
    12: (DISPLAY_P3.primaries, _D65),
    22: (((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), _D65),
}
_CURVES = {4: "gamma:2.2", 5: "gamma:2.8", 8: "linear", 13: "srgb"}
# BT.2408: graphics white, and the peak luminance of the BT.2100 display for HLG, in cd/m2.
_DIFFUSE_WHITE = 203.0
_HLG_PEAK = 1000.0
_PQ_PEAK = 10000.0
_ENCODED_XYZ = 10
_PQ, _HLG = 16, 18


@dataclass(frozen=True)
class CodePoints:
    """Numbers of color primaries, transfer characteristics and range in H.273."""

    primaries: int
    transfer: int
    full_range: bool = True

    @property
    def says_nothing(self) -> bool:
        """Whether both numbers stand for "unspecified"."""
        return self.primaries == self.transfer == _UNSPECIFIED and self.full_range


@dataclass(frozen=True)
class CodedColor:
    """Color space and transfer function of code points.

    Attributes:
        space: color space of the pixels, after ``to_linear`` unless that is None.
        to_linear: function from H x W x 3 float32 encoded values in [0, 1] to linear ones; 1 is diffuse
            white, highlights of PQ and HLG exceed it.
        note: note for the user; may be empty.
    """

    space: ColorSpace
    to_linear: Callable[[np.ndarray], np.ndarray] | None = None
    note: str = ""


def understand(points: CodePoints) -> CodedColor | None:
    """Color space and transfer function of code points; None if unknown. Unspecified means sRGB."""
    primaries = 1 if points.primaries == _UNSPECIFIED else points.primaries
    transfer = 13 if points.transfer == _UNSPECIFIED else points.transfer
    if primaries not in _PRIMARIES or primaries == _ENCODED_XYZ:
        return None
    corners, white = _PRIMARIES[primaries]
    linear = _named(ColorSpace(f"code point {primaries}", corners, white, "linear"))
    if transfer in _CURVES:
        return CodedColor(_named(replace(linear, transfer=_CURVES[transfer])))
    if transfer == _PQ:
        return CodedColor(linear, _pq, _hdr_note("PQ"))
    if transfer == _HLG:
        weights = luminance_weights(linear)
        return CodedColor(linear, lambda values: _hlg(values, weights), _hdr_note("HLG"))
    function = _FUNCTIONS.get(transfer)
    return CodedColor(linear, function) if function is not None else None


def _hdr_note(name: str) -> str:
    return f"the photo is HDR ({name}); its diffuse white of 203 cd/m2 is used as white, brighter pixels kept"


def _named(space: ColorSpace) -> ColorSpace:
    """The predefined space that is equal to ``space``, if there is one."""
    for known in (*SPACES.values(), LINEAR_SRGB):
        if (known.primaries, known.white, known.transfer) == (space.primaries, space.white, space.transfer):
            return known
    return space


def _bt709(values: np.ndarray) -> np.ndarray:
    """Inverse of BT.709's curve (H.273, transfer 1)."""
    toe = values / np.float32(4.5)
    power = np.power((np.maximum(values, 0) + np.float32(0.099)) / np.float32(1.099), np.float32(1 / 0.45))
    return np.where(values < 0.081, toe, power).astype(np.float32)


def _smpte240(values: np.ndarray) -> np.ndarray:
    """Inverse of SMPTE 240M's curve (H.273, transfer 7)."""
    toe = values / np.float32(4.0)
    power = np.power((np.maximum(values, 0) + np.float32(0.1115)) / np.float32(1.1115), np.float32(1 / 0.45))
    return np.where(values < 0.0912, toe, power).astype(np.float32)


def _pq(values: np.ndarray) -> np.ndarray:
    """PQ's EOTF (BT.2100 table 4), diffuse white at 1."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = np.power(np.clip(values, 0, 1), np.float32(1 / m2))
    light = np.power(np.maximum(power - c1, 0) / (c2 - c3 * power), np.float32(1 / m1))
    return np.asarray(light * (_PQ_PEAK / _DIFFUSE_WHITE), np.float32)


def _hlg(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """HLG's EOTF for a display of 1000 cd/m2, system gamma 1.2 (BT.2100 table 5), diffuse white at 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    values = np.clip(values, 0, 1)
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    luminance = np.maximum(scene @ weights, 1e-9)[..., None]
    return np.asarray(scene * luminance**0.2 * (_HLG_PEAK / _DIFFUSE_WHITE), np.float32)


def _smpte428(values: np.ndarray) -> np.ndarray:
    """Inverse of the cinema curve (H.273, transfer 17)."""
    return np.asarray(np.power(np.maximum(values, 0), np.float32(2.6)) * np.float32(52.37 / 48))


_FUNCTIONS = {**dict.fromkeys((1, 6, 11, 12, 14, 15), _bt709), 7: _smpte240, 17: _smpte428}
