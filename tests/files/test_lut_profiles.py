"""ICC profiles that are not ours: sampled curves, gray, tables instead of a matrix."""

from __future__ import annotations

import struct

import numpy as np

from llflow_photo.color.profiles import profile_bytes, read_profile
from llflow_photo.color.spaces import ADOBE_RGB, SRGB, convert
from llflow_photo.files.lut_profiles import rgb_to_adobe_rgb


def cubic_profile() -> bytes:
    """sRGB's colorants with a sampled cubic curve."""
    data = bytearray(profile_bytes(SRGB))
    table = np.rint(np.linspace(0, 1, 1024) ** 3 * 65535).astype(">u2").tobytes()
    curve = b"curv\0\0\0\0" + struct.pack(">I", 1024) + table
    (count,) = struct.unpack_from(">I", data, 128)
    for index in range(count):
        place = 132 + 12 * index
        if data[place : place + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            data[place + 4 : place + 12] = struct.pack(">II", len(data), len(curve))
    data += curve
    data[:4] = struct.pack(">I", len(data))
    return bytes(data)


def gray_profile(gamma: float) -> bytes:
    """A gray profile with one power curve."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1.0, 0.8249)))
    head = bytearray(profile_bytes(SRGB)[:128])
    head[16:20] = b"GRAY"
    table = struct.pack(">I", 2)
    table += (
        b"kTRC"
        + struct.pack(">II", 156, len(curve))
        + b"wtpt"
        + struct.pack(">II", 156 + len(curve), len(white))
    )
    data = bytes(head) + table + curve + white
    return struct.pack(">I", len(data)) + data[4:]


def test_gray_profile_reads_as_its_gamma() -> None:
    reading = read_profile(gray_profile(2.2))
    assert reading.kind == "gray" and reading.space.transfer.startswith("gamma:2.199")


def test_table_based_conversion_agrees_with_the_matrix() -> None:
    """LittleCMS on a grid of colors, interpolated, against the exact conversion: within two 8-bit steps."""
    values = np.random.default_rng(0).uniform(0.1, 0.9, (16, 16, 3)).astype(np.float32)
    converted = rgb_to_adobe_rgb(values, profile_bytes(SRGB))
    assert converted is not None
    assert np.abs(converted - convert(values, SRGB, ADOBE_RGB)).max() < 2 / 255
    assert rgb_to_adobe_rgb(values, b"broken") is None
