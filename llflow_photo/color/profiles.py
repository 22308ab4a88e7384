"""ICC profiles: building profiles for output files, parsing embedded ones. Source: ICC.1:2022."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .cicp import CodePoints
from .spaces import SPACES, SRGB, ColorSpace, adaptation, decode, xyz_matrix

__all__ = ["ProfileError", "ProfileReading", "profile_bytes", "read_profile"]

_D50 = (0.3457, 0.3585)
# White of the profile connection space, rounded as in the standard.
_D50_XYZ = (0.9642, 1.0, 0.8249)
_DESCRIPTIONS = {
    "srgb": "sRGB",
    "srgb-linear": "Linear sRGB",
    "display-p3": "Display P3",
    "adobe-rgb": "Compatible with Adobe RGB (1998)",
    "prophoto": "ROMM RGB (ProPhoto)",
    "rec2020-linear": "Linear Rec. 2020",
}


class ProfileError(ValueError):
    """The bytes are not a supported ICC profile; callers ignore the profile."""


@dataclass(frozen=True)
class ProfileReading:
    """A profile of RGB or gray values with curves and a matrix.

    Attributes:
        kind: ``rgb``, ``gray``, or ``lut`` for profiles that need LittleCMS (CMYK, LUT-based RGB).
        space: primaries and curve; if curves are tables, the linear space with these primaries.
        tables: None, or 3 x N float32 (1 x N for gray): linear values for encoded ones in equal steps from 0
            to 1.
        description: name of the profile.
        code_points: code points of HDR profiles (PQ, HLG), which replace their tone-mapped tables.
    """

    kind: str
    space: ColorSpace
    tables: np.ndarray | None
    description: str
    code_points: CodePoints | None = None


@lru_cache(maxsize=16)
def profile_bytes(space: ColorSpace) -> bytes:
    """A version 4 display profile with matrix and curves, about 600 bytes."""
    matrix = adaptation(space.white, _D50) @ xyz_matrix(space)
    # The rounded columns must sum to the white of the standard.
    matrix = matrix * (np.array(_D50_XYZ) / matrix.sum(axis=1))[:, None]
    curve = _curve_tag(space.transfer)
    tags = {
        b"desc": _text_tag(_DESCRIPTIONS.get(space.name, space.name)),
        b"cprt": _text_tag("No copyright, use freely"),
        b"wtpt": _xyz_tag(np.array(_D50_XYZ)),
        b"chad": b"sf32\0\0\0\0" + _fixed(adaptation(space.white, _D50).reshape(-1)),
        b"rXYZ": _xyz_tag(matrix[:, 0]),
        b"gXYZ": _xyz_tag(matrix[:, 1]),
        b"bXYZ": _xyz_tag(matrix[:, 2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _assemble(tags)


def _assemble(tags: dict[bytes, bytes]) -> bytes:
    position = 128 + 4 + 12 * len(tags)
    table, data, places = b"", b"", dict[bytes, int]()
    for signature, payload in tags.items():
        if payload not in places:
            places[payload] = position + len(data)
            data += payload + b"\0" * (-len(payload) % 4)
        table += signature + struct.pack(">II", places[payload], len(payload))
    size = position + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    # A fixed date makes the bytes reproducible.
    header += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp").ljust(44, b"\0")
    header += _fixed(np.array(_D50_XYZ))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _fixed(values: np.ndarray) -> bytes:
    """s15Fixed16 numbers."""
    return struct.pack(f">{len(values)}i", *(round(float(v) * 65536) for v in values))


def _xyz_tag(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(values)


def _text_tag(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(encoded), 28) + encoded


def _curve_tag(transfer: str) -> bytes:
    if transfer == "srgb":
        return b"para\0\0\0\0\0\3\0\0" + _fixed(np.array((2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
    gamma = 1.0 if transfer == "linear" else float(transfer.removeprefix("gamma:"))
    return b"para\0\0\0\0\0\0\0\0" + _fixed(np.array((gamma,)))


def read_profile(data: bytes) -> ProfileReading:
    """Parse an embedded profile.

    Raises:
        ProfileError: the profile is broken or unsupported.
    """
    if len(data) < 132 or data[36:40] != b"acsp":
        raise ProfileError("not an ICC profile")
    tags = _tag_table(data)
    description = _description(tags.get(b"desc", b""))
    model = data[16:20]
    points = _hdr_code_points(tags.get(b"cicp", b""))
    if points is not None and model == b"RGB ":
        return ProfileReading("rgb", SRGB, None, description, points)
    if model == b"GRAY" and b"kTRC" in tags:
        return _gray_reading(tags[b"kTRC"], description)
    if model == b"RGB " and {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} <= tags.keys():
        return _rgb_reading(tags, description)
    if model in (b"RGB ", b"CMYK", b"GRAY", b"Lab "):
        return ProfileReading("lut", SRGB, None, description)
    raise ProfileError(f"profiles for {model!r} values are not supported for photos")


def _tag_table(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, 128)
    if count > 200 or 132 + 12 * count > len(data):
        raise ProfileError("the profile's tag table is broken")
    tags = {}
    for index in range(count):
        signature, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if offset + size <= len(data):
            tags[signature] = data[offset : offset + size]
    return tags


def _hdr_code_points(tag: bytes) -> CodePoints | None:
    """Code points (ICC.1:2022, 9.2.17, 10.3) of PQ (16) and HLG (18); others are redundant."""
    if tag[:4] != b"cicp" or len(tag) < 12 or tag[9] not in (16, 18):
        return None
    return CodePoints(tag[8], tag[9], bool(tag[11]))


def _description(tag: bytes) -> str:
    if tag[:4] == b"mluc" and len(tag) >= 28:
        length, offset = struct.unpack_from(">II", tag, 20)
        return tag[offset : offset + length].decode("utf-16-be", "replace").strip("\0 ")
    if tag[:4] == b"desc" and len(tag) >= 12:
        (length,) = struct.unpack_from(">I", tag, 8)
        return tag[12 : 12 + length].split(b"\0")[0].decode("latin-1")
    return ""


def _rgb_reading(tags: dict[bytes, bytes], description: str) -> ProfileReading:
    columns = []
    for name in (b"rXYZ", b"gXYZ", b"bXYZ"):
        if len(tags[name]) < 20:
            raise ProfileError("the profile's colorants are broken")
        columns.append(np.array(struct.unpack_from(">3i", tags[name], 8)) / 65536)
    matrix = np.stack(columns, axis=1)
    sums = matrix.sum(axis=0)
    if (
        not (np.abs(sums) > 1e-3).all()
        or abs(np.linalg.det(matrix)) < 1e-6
        or not (matrix.sum(axis=1) > 0.1).all()
    ):
        raise ProfileError("the profile's colorants are linearly dependent")
    curves = [_read_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
    space = _space_of_matrix(matrix, description)
    transfers = {curve if isinstance(curve, str) else None for curve in curves}
    if len(transfers) == 1 and None not in transfers:
        return ProfileReading("rgb", _with_transfer(space, str(curves[0])), None, description)
    tables = np.stack([_as_table(curve) for curve in curves])
    return ProfileReading("rgb", _with_transfer(space, "linear"), tables, description)


def _gray_reading(tag: bytes, description: str) -> ProfileReading:
    curve = _read_curve(tag)
    if isinstance(curve, str):
        return ProfileReading("gray", _with_transfer(SRGB, curve), None, description)
    return ProfileReading("gray", _with_transfer(SRGB, "linear"), curve[None], description)


def _space_of_matrix(matrix: np.ndarray, description: str) -> ColorSpace:
    """The predefined space with these colorants, otherwise a new one under D50 (adaptation is linear)."""
    for space in SPACES.values():
        known = adaptation(space.white, _D50) @ xyz_matrix(space)
        if np.abs(known - matrix).max() < 2.5e-3:
            return space
    primaries = tuple((float(c[0] / c.sum()), float(c[1] / c.sum())) for c in matrix.T)
    white = matrix.sum(axis=1)
    xy = (float(white[0] / white.sum()), float(white[1] / white.sum()))
    if min(abs(y) for _, y in primaries) < 1e-6:
        raise ProfileError("the profile's colorants have no luminance")
    return ColorSpace(description or "embedded profile", primaries, xy, "linear")  # type: ignore[arg-type]


def _with_transfer(space: ColorSpace, transfer: str) -> ColorSpace:
    for known in SPACES.values():
        if (known.primaries, known.white, known.transfer) == (space.primaries, space.white, transfer):
            return known
    return ColorSpace(f"{space.name} ({transfer})", space.primaries, space.white, transfer)


def _read_curve(tag: bytes) -> str | np.ndarray:
    """Name of a curve, or its table of linear values in equal steps."""
    if tag[:4] == b"curv" and len(tag) >= 12:
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return "linear"
        if count == 1 and len(tag) >= 14:
            return _gamma_name(struct.unpack_from(">H", tag, 12)[0] / 256)
        if count > 1 and len(tag) >= 12 + 2 * count:
            integers = np.frombuffer(tag, ">u2", count, 12)
            return _named_table(integers.astype(np.float32) / np.float32(65535))
    if tag[:4] == b"para" and len(tag) >= 12:
        kind = struct.unpack_from(">H", tag, 8)[0]
        lengths = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
        if kind in lengths and len(tag) >= 12 + 4 * lengths[kind]:
            parameters = np.array(struct.unpack_from(f">{lengths[kind]}i", tag, 12)) / 65536
            return _parametric(kind, parameters)
    raise ProfileError("the profile's curves are broken")


def _gamma_name(gamma: float) -> str:
    if not 0.2 <= gamma <= 5:
        raise ProfileError(f"the profile's gamma is {gamma:g}")
    return "linear" if gamma == 1.0 else f"gamma:{gamma:.9g}"


def _parametric(kind: int, p: np.ndarray) -> str | np.ndarray:
    """Parametric curve (ICC.1:2022, table 68)."""
    if kind == 0:
        return _gamma_name(float(p[0]))
    g, a, b, c, d, e, f = (float(v) for v in np.pad(p, (0, 7 - len(p))))
    if not 0.2 <= g <= 5 or a == 0:
        raise ProfileError("the profile's curves are broken")
    x = np.linspace(0, 1, 4096)
    power = np.maximum(a * x + b, 0) ** g
    if kind == 1:
        table = np.where(x >= -b / a, power, 0.0)
    elif kind == 2:
        table = np.where(x >= -b / a, power + c, c)
    else:
        table = np.where(x >= d, power + e, c * x + f)
    return _named_table(table.astype(np.float32))


def _named_table(table: np.ndarray) -> str | np.ndarray:
    """Name of the curve that a table describes, if it is a common one; otherwise the table.

    A table is linear between its entries (ICC.1:2022, 10.6). A short one is therefore far from a power
    curve, even if all its entries are on it.
    """
    if not np.isfinite(table).all() or table.max() <= 0:
        raise ProfileError("the profile's curves are broken")
    interpolated = _as_table(table)
    x = np.linspace(0, 1, len(interpolated), dtype=np.float32)
    for name in ("srgb", "linear", "gamma:2.19921875", "gamma:2.2", "gamma:1.80078125"):
        if np.abs(decode(x, name) - interpolated).max() < 4e-4:
            return name
    return table


def _as_table(curve: str | np.ndarray) -> np.ndarray:
    """Resample to 4096 linear values in equal steps."""
    x = np.linspace(0, 1, 4096, dtype=np.float32)
    if isinstance(curve, str):
        return decode(x, curve)
    return np.asarray(np.interp(x, np.linspace(0, 1, len(curve)), curve), np.float32)
