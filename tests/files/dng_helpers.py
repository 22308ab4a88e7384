"""DNG files with whatever fields a test wants."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from llflow_photo.camera.sensors import CAMERAS
from llflow_photo.color.spaces import LINEAR_SRGB, xyz_matrix
from llflow_photo.files.dng import write_cfa_dng
from llflow_photo.files.dng.lossless_jpeg import encode_lossless_jpeg
from llflow_photo.files.tiff.directory import (
    BYTE,
    LONG,
    SHORT,
    UNDEFINED,
    Directory,
    Entry,
    encode_directories,
)
from llflow_photo.files.tiff.tags import Compression, Photometric, Predictor, SampleFormat, Tag

BAYER = ((0, 1), (1, 2))
SRGB_CAMERA = np.linalg.inv(xyz_matrix(LINEAR_SRGB))


def dng_directory(
    samples: np.ndarray, pattern: object = BAYER, *, compression: Compression = Compression.Uncompressed,
    predictor: Predictor = Predictor.Nothing, extra: Mapping[int, Entry | None] | None = None,
) -> tuple[Directory, bytes]:  # fmt: skip
    """A raw directory without places, and its only strip.

    Args:
        samples: H x W for a mosaic, H x W x C for a linear picture; unsigned integers or floats.
        extra: fields to add, or with None to leave out.
    """
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    bits, floating = samples.dtype.itemsize * 8, samples.dtype.kind == "f"
    tags: Directory = {
        Tag.NewSubfileType: Entry.numbers(LONG, 0),
        Tag.ImageWidth: Entry.numbers(LONG, width),
        Tag.ImageLength: Entry.numbers(LONG, height),
        Tag.BitsPerSample: Entry.numbers(SHORT, *(bits,) * channels),
        Tag.Compression: Entry.numbers(SHORT, compression),
        Tag.PhotometricInterpretation: Entry.numbers(SHORT, Photometric.CFA if samples.ndim == 2 else
                                                     Photometric.LinearRaw),
        Tag.Make: Entry.text("Demo"),
        Tag.Model: Entry.text("Demo One"),
        Tag.SamplesPerPixel: Entry.numbers(SHORT, channels),
        Tag.RowsPerStrip: Entry.numbers(LONG, height),
        Tag.PlanarConfiguration: Entry.numbers(SHORT, 1),
        Tag.DNGVersion: Entry(BYTE, bytes((1, 4, 0, 0))),
        Tag.UniqueCameraModel: Entry.text("Demo One"),
        Tag.ColorMatrix1: Entry.rationals(SRGB_CAMERA.ravel().tolist(), signed=True),
        Tag.CalibrationIlluminant1: Entry.numbers(SHORT, 21),
        Tag.AsShotNeutral: Entry.rationals((1.0, 1.0, 1.0)),
    }  # fmt: skip
    if samples.ndim == 2:
        rows = np.array(pattern, np.uint8)
        tags[Tag.CFARepeatPatternDim] = Entry.numbers(SHORT, *rows.shape)
        tags[Tag.CFAPattern] = Entry(BYTE, rows.tobytes())
    if floating:
        tags[Tag.SampleFormat] = Entry.numbers(SHORT, *(SampleFormat.Float,) * channels)
    if predictor != Predictor.Nothing:
        tags[Tag.Predictor] = Entry.numbers(SHORT, predictor)
    for code, entry in (extra or {}).items():
        if entry is None:
            tags.pop(code, None)
        else:
            tags[code] = entry
    return tags, _packed(samples.reshape(height, width, channels), compression, predictor)


def write_dng(path: Path, samples: np.ndarray, pattern: object = BAYER, **arguments: object) -> Path:
    """A DNG of one directory and one strip, see `dng_directory`."""
    return write_dng_pages(path, [dng_directory(samples, pattern, **arguments)])  # type: ignore[arg-type]


def write_dng_pages(path: Path, pages: Sequence[tuple[Directory, bytes]]) -> Path:
    """A DNG of several directories, one strip each; those after the first are SubIFDs of it."""
    out, placed = b"", []
    for tags, data in pages:
        places = {
            Tag.StripOffsets: Entry.numbers(LONG, 8 + len(out)),
            Tag.StripByteCounts: Entry.numbers(LONG, len(data)),
        }
        placed.append(tags | places)
        out += data + b"\0" * (len(data) % 2)
    if len(placed) > 1:
        placed[0][Tag.SubIFDs] = Entry.directories(*placed[1:])
    head = struct.pack("<2sHI", b"II", 42, 8 + len(out))
    path.write_bytes(head + out + encode_directories(placed[:1], 8 + len(out)))
    return path


def _packed(samples: np.ndarray, compression: Compression, predictor: Predictor) -> bytes:
    if compression == Compression.JPEG:
        return encode_lossless_jpeg(samples)
    data = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    steps = {Predictor.FloatingPoint: 1, Predictor.FloatingPointX2: 2, Predictor.FloatingPointX4: 4}
    if predictor in steps:
        data = _byte_differences(samples, samples.shape[2] * steps[predictor])
    elif predictor == Predictor.Horizontal:
        differences = samples.copy()
        differences[:, 1:] -= samples[:, :-1]
        data = differences.tobytes()
    return zlib.compress(data) if compression == Compression.Deflate else data


def _byte_differences(samples: np.ndarray, step: int) -> bytes:
    """TIFF Technical Note 3: most significant bytes of a row first, then differences of bytes."""
    height, width, channels = samples.shape
    size = samples.dtype.itemsize
    rows = samples.astype(samples.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1, size)
    rows = rows.swapaxes(1, 2).reshape(height, size * width * channels)
    differences = rows.copy()
    differences[:, step:] -= rows[:, :-step]
    return differences.tobytes()


def opcode(number: int, data: bytes, flags: int = 0) -> bytes:
    """One opcode of a list."""
    return struct.pack(">IIII", number, 0x01030000, flags, len(data)) + data


def opcode_list(*opcodes: bytes) -> Entry:
    """The field of a list."""
    return Entry(UNDEFINED, struct.pack(">I", len(opcodes)) + b"".join(opcodes))


def area(
    bounds: tuple[int, int, int, int], plane: int = 0, planes: int = 1, pitch: tuple[int, int] = (1, 1)
) -> bytes:
    """An area specification: top, left, bottom, right; planes; row and column pitch."""
    return struct.pack(">8I", *bounds, plane, planes, *pitch)


def gain_map(specification: bytes, gains: np.ndarray) -> bytes:
    """GainMap whose points (rows x columns x planes) span the whole picture."""
    rows, columns, planes = gains.shape
    spacing = (1 / max(rows - 1, 1), 1 / max(columns - 1, 1))
    head = struct.pack(">IIddddI", rows, columns, *spacing, 0.0, 0.0, planes)
    return opcode(9, specification + head + gains.astype(">f4").tobytes())


def write_mosaic_of(
    path: Path,
    light: np.ndarray,
    pattern: Sequence[str],
    neutral: tuple[float, float, float],
    levels: tuple[int, int],
    noise: float = 0.0,
    seed: int = 0,
    orientation: int = 1,
) -> Path:
    """Write a RAW file of a sensor's light, H x W x 3 camera RGB with white balance, white at 1.

    Args:
        pattern: rows of letters, such as ``RG`` and ``GB``.
        neutral: camera RGB of neutral surfaces.
        levels: raw values of black and white.
        noise: standard deviation, in units of white.
    """
    colors = np.array([["RGB".index(letter) for letter in row] for row in pattern])
    y, x = np.indices(light.shape[:2])
    sites = colors[y % colors.shape[0], x % colors.shape[1]]
    values = light[y, x, sites] * np.array(neutral)[sites]
    values = values + np.random.default_rng(seed).normal(0, noise, values.shape)
    black, white = levels
    write_cfa_dng(
        path,
        np.rint(values * (white - black) + black).clip(0, white).astype(np.uint16),
        colors,
        black_level=black,
        white_level=white,
        color_matrix=np.array(CAMERAS[1].color_matrix),
        as_shot_neutral=neutral,
        orientation=orientation,
    )
    return path
