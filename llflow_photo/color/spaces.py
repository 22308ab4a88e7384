"""RGB color spaces and conversion between them.

Primaries and curves: IEC 61966-2-1 (sRGB), SMPTE EG 432-1 with the sRGB curve (Display P3), Adobe RGB (1998),
ISO 22028-2 (ROMM, with the plain 1.8 power its profiles use), ITU-R BT.2020 (primaries).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ..errors import OptionError

__all__ = [
    "ADOBE_RGB",
    "DISPLAY_P3",
    "LINEAR_SRGB",
    "PROPHOTO",
    "REC2020_LINEAR",
    "SPACES",
    "SRGB",
    "ColorSpace",
    "adaptation",
    "by_name",
    "conversion_matrix",
    "convert",
    "decode",
    "encode",
    "luminance_weights",
    "xyz_matrix",
]

_BLOCK_PIXELS = 1 << 15  # a block and its temporaries fit into the processor's cache


@dataclass(frozen=True)
class ColorSpace:
    """An RGB color space: primaries, white point and transfer curve.

    Attributes:
        name: name for options and messages, e.g. ``srgb``.
        primaries: CIE 1931 xy of red, green, blue.
        white: CIE 1931 xy of the white point.
        transfer: name of the curve: ``srgb``, ``linear``, or a power such as ``gamma:2.2``.
    """

    name: str
    primaries: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    white: tuple[float, float]
    transfer: str

    def linear(self) -> ColorSpace:
        """The linear space with the same primaries."""
        return (
            self
            if self.transfer == "linear"
            else replace(self, name=f"{self.name}-linear", transfer="linear")
        )


_D65 = (0.3127, 0.3290)
_D50 = (0.3457, 0.3585)

SRGB = ColorSpace("srgb", ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), _D65, "srgb")
LINEAR_SRGB = replace(SRGB, name="srgb-linear", transfer="linear")
DISPLAY_P3 = ColorSpace("display-p3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), _D65, "srgb")
# The exponent of the curve is defined as 2 + 51/256.
ADOBE_RGB = ColorSpace("adobe-rgb", ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), _D65, "gamma:2.19921875")
PROPHOTO = ColorSpace(
    "prophoto", ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105)), _D50, "gamma:1.80078125"
)
REC2020_LINEAR = ColorSpace(
    "rec2020-linear", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), _D65, "linear"
)

SPACES = {space.name: space for space in (SRGB, LINEAR_SRGB, DISPLAY_P3, ADOBE_RGB, PROPHOTO, REC2020_LINEAR)}
_ALIASES = {
    "p3": DISPLAY_P3,
    "adobergb": ADOBE_RGB,
    "romm": PROPHOTO,
    "rec2020": REC2020_LINEAR,
    "linear-rec2020": REC2020_LINEAR,
    "linear-srgb": LINEAR_SRGB,
}

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def by_name(name: str) -> ColorSpace:
    """The color space of a name, ignoring case, with spaces or underscores accepted for hyphens.

    Raises:
        OptionError: the name is unknown.
    """
    key = name.strip().lower().replace("_", "-").replace(" ", "-")
    space = SPACES.get(key) or _ALIASES.get(key)
    if space is None:
        raise OptionError(f"unknown color space {name!r}; known are {', '.join(SPACES)}")
    return space


def _xyz_of_white(white: tuple[float, float]) -> np.ndarray:
    x, y = white
    return np.array([x / y, 1.0, (1 - x - y) / y])


@lru_cache(maxsize=64)
def _xyz_matrix(space: ColorSpace) -> np.ndarray:
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in space.primaries]).T
    return np.asarray(columns * np.linalg.solve(columns, _xyz_of_white(space.white)))


def xyz_matrix(space: ColorSpace) -> np.ndarray:
    """3 x 3, linear RGB to CIE XYZ relative to the space's own white (Y = 1)."""
    return _xyz_matrix(space).copy()


def adaptation(source: tuple[float, float], target: tuple[float, float]) -> np.ndarray:
    """3 x 3, XYZ under one white (xy) to XYZ under another: linear Bradford (ICC.1:2022 annex E)."""
    if source == target:
        return np.eye(3)
    ratio = (_BRADFORD @ _xyz_of_white(target)) / (_BRADFORD @ _xyz_of_white(source))
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(ratio) @ _BRADFORD)


def conversion_matrix(source: ColorSpace, target: ColorSpace) -> np.ndarray:
    """3 x 3, linear RGB of one space to linear RGB of another; white is mapped to white."""
    if source.primaries == target.primaries and source.white == target.white:
        return np.eye(3)
    return np.asarray(
        np.linalg.inv(_xyz_matrix(target)) @ adaptation(source.white, target.white) @ _xyz_matrix(source)
    )


def luminance_weights(space: ColorSpace) -> np.ndarray:
    """Weights of linear R, G and B in luminance Y, 3 numbers with sum 1."""
    return np.asarray(xyz_matrix(space)[1])


def decode(values: np.ndarray, transfer: str) -> np.ndarray:
    """Encoded to linear values, float32, any shape; the curve is mirrored below 0 and extended above 1."""
    return _signed(values, transfer, _srgb_decode, np.power)


def encode(values: np.ndarray, transfer: str) -> np.ndarray:
    """Linear to encoded values, the inverse of `decode`."""
    return _signed(values, transfer, _srgb_encode, lambda v, gamma: np.power(v, 1 / gamma))


def _signed(
    values: np.ndarray,
    transfer: str,
    srgb: Callable[[np.ndarray], np.ndarray],
    power: Callable[[np.ndarray, float], np.ndarray],
) -> np.ndarray:
    values = np.asarray(values, np.float32)
    if transfer == "linear":
        return values.copy()
    if values.ndim == 0:
        return np.asarray(_signed(values[None], transfer, srgb, power)[0])
    mirrored = bool((values < 0).any())
    magnitude = np.abs(values) if mirrored else values
    if transfer == "srgb":
        curved = srgb(magnitude)
    elif transfer.startswith("gamma:"):
        curved = power(magnitude, float(transfer[6:]))
    else:
        raise OptionError(f"unknown transfer curve {transfer!r}; known are srgb, linear, gamma:NUMBER")
    if mirrored:
        np.copysign(curved, values, out=curved)
    return curved


def _srgb_decode(values: np.ndarray) -> np.ndarray:
    curved = values + np.float32(0.055)
    curved *= np.float32(1 / 1.055)
    np.power(curved, np.float32(2.4), out=curved)
    np.copyto(curved, values / np.float32(12.92), where=values <= np.float32(0.04045))
    return curved


def _srgb_encode(values: np.ndarray) -> np.ndarray:
    curved: np.ndarray = np.power(values, np.float32(1 / 2.4))
    curved *= np.float32(1.055)
    curved -= np.float32(0.055)
    np.copyto(curved, values * np.float32(12.92), where=values <= np.float32(0.0031308))
    return curved


def convert(
    pixels: np.ndarray, source: ColorSpace, target: ColorSpace, out: np.ndarray | None = None
) -> np.ndarray:
    """Convert pixels from one color space to another.

    Values are not clipped: colors outside the target's gamut become negative, highlights stay above 1.

    Args:
        pixels: ... x 3 float32.
        out: array for the result (may be ``pixels``); by default a new one.

    Returns:
        array of the shape of ``pixels``, float32. Temporary arrays have the size of a block, not of the
        photo.
    """
    pixels = np.asarray(pixels, np.float32)
    out = np.empty_like(pixels) if out is None else out
    if source == target:
        if out is not pixels:
            out[...] = pixels
        return out
    matrix = conversion_matrix(source, target).T.astype(np.float32)
    same_primaries = source.primaries == target.primaries and source.white == target.white
    rows_in = pixels.reshape(-1, pixels.shape[-2], 3) if pixels.ndim > 2 else pixels.reshape(-1, 3)
    rows_out = out.reshape(rows_in.shape)
    step = max(1, _BLOCK_PIXELS * 3 // max(1, rows_in[:1].size))
    for start in range(0, rows_in.shape[0], step):
        block = rows_in[start : start + step]
        if source.transfer != "linear":
            block = decode(block, source.transfer)
        if not same_primaries:
            block = block @ matrix
        rows_out[start : start + step] = encode(block, target.transfer)
    return out
