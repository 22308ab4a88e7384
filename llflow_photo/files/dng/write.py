"""Writing mosaics as DNG files, like those of cameras. Source: Adobe, Digital Negative Specification 1.4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ImageInputError, OptionError
from ...paths import expanded
from ..atomic import atomic_file
from ..metadata.exif_fields import exif_directories
from ..tiff.directory import BYTE, LONG, SHORT, Directory, Entry
from ..tiff.tags import Compression, LightSource, Photometric, PlanarConfiguration, Tag
from .lossless_jpeg import encode_lossless_jpeg
from .picture import dng_bytes

__all__ = ["cfa_dng_bytes", "write_cfa_dng"]

# Deflate is not offered, as LibRaw supports it for floating-point samples only.
_COMPRESSIONS = {"none": Compression.Uncompressed, "ljpeg": Compression.JPEG}


def write_cfa_dng(
    path: str | Path,
    mosaic: np.ndarray,
    pattern: str | Sequence[Sequence[int]] = "RGGB",
    *,
    black_level: float | Sequence[float] = 0,
    white_level: int = 65535,
    color_matrix: np.ndarray | None = None,
    as_shot_neutral: Sequence[float] = (1.0, 1.0, 1.0),
    exif: Mapping[str, Any] | None = None,
    compression: str = "ljpeg",
    orientation: int = 1,
    baseline_exposure: float = 0.0,
    camera_model: str = "llflow-photo simulated camera",
) -> None:
    """Write a mosaic as a camera RAW file that LibRaw and RAW editors open.

    Args:
        path: of the file; it is written atomically.
        mosaic: H x W uint16 raw values, black level included.
        pattern: color of each pixel, ``"RGGB"`` and its other three phases, or rows of 0 red, 1 green, 2 blue
            (6 x 6 for X-Trans).
        black_level: raw value of no light: one number, or one for each of the four pixels of a Bayer pattern
            (row-major).
        white_level: raw value at which a pixel is saturated.
        color_matrix: 3 x 3, CIE XYZ (D65) to camera RGB, before white balance; default: that of linear sRGB.
        as_shot_neutral: camera RGB of a neutral surface, greatest 1 (white balance gains are its inverse).
        exif: EXIF fields by name, see `exif_fields.exif_directories`.
        compression: ``ljpeg`` (lossless) or ``none``.
        orientation: EXIF orientation, 1 to 8.
        baseline_exposure: EV that RAW editors add.
        camera_model: the ``UniqueCameraModel``.

    Raises:
        ImageInputError: the mosaic is not H x W uint16, or the pattern does not fit.
        OptionError: an unknown compression or EXIF field.
        WriteError: the file cannot be written.
    """
    data = cfa_dng_bytes(
        mosaic,
        pattern,
        black_level=black_level,
        white_level=white_level,
        color_matrix=color_matrix,
        as_shot_neutral=as_shot_neutral,
        exif=exif,
        compression=compression,
        orientation=orientation,
        baseline_exposure=baseline_exposure,
        camera_model=camera_model,
    )
    with atomic_file(expanded(path)) as file:
        file.write(data)


def cfa_dng_bytes(
    mosaic: np.ndarray,
    pattern: str | np.ndarray | Sequence[Sequence[int]] = "RGGB",
    *,
    black_level: float | Sequence[float] = 0,
    white_level: int = 65535,
    color_matrix: np.ndarray | None = None,
    as_shot_neutral: Sequence[float] = (1.0, 1.0, 1.0),
    exif: Mapping[str, Any] | None = None,
    compression: str = "none",
    orientation: int = 1,
    baseline_exposure: float = 0.0,
    camera_model: str = "llflow-photo simulated camera",
) -> bytes:
    """The file that `write_cfa_dng` writes, in memory; arguments as there, but uncompressed by default.

    Raises:
        ImageInputError: the mosaic is not H x W uint16, or the pattern does not fit.
        OptionError: an unknown compression or EXIF field.
    """
    mosaic = np.asarray(mosaic)
    if mosaic.ndim != 2 or mosaic.dtype != np.uint16 or mosaic.size == 0:
        raise ImageInputError(f"a mosaic is H x W uint16; given {mosaic.shape} {mosaic.dtype}")
    if compression not in _COMPRESSIONS:
        raise OptionError(f"unknown compression {compression!r}; known are {', '.join(_COMPRESSIONS)}")
    directory = exif_directories({"Make": "llflow-photo", "Model": camera_model, **dict(exif or {})})
    directory |= _layout_tags(mosaic, _pattern_rows(pattern), black_level, white_level)
    directory |= _color_tags(color_matrix, as_shot_neutral, baseline_exposure)
    directory[Tag.Compression] = Entry.numbers(SHORT, _COMPRESSIONS[compression])
    directory[Tag.Orientation] = Entry.numbers(SHORT, orientation)
    directory[Tag.UniqueCameraModel] = Entry.text(camera_model)
    return dng_bytes(directory, [_compress(mosaic, compression)])


def _pattern_rows(pattern: str | np.ndarray | Sequence[Sequence[int]]) -> np.ndarray:
    if isinstance(pattern, str):
        text = pattern.upper()
        if text not in ("RGGB", "BGGR", "GRBG", "GBRG"):
            raise ImageInputError(f"a Bayer pattern is one of RGGB, BGGR, GRBG, GBRG; given {pattern!r}")
        return np.array(["RGB".index(letter) for letter in text], np.uint8).reshape(2, 2)
    rows = np.asarray(pattern)
    if rows.ndim != 2 or not np.isin(rows, (0, 1, 2)).all():
        raise ImageInputError("a pattern is rows of 0 (red), 1 (green), 2 (blue)")
    return rows.astype(np.uint8)


def _layout_tags(
    mosaic: np.ndarray, pattern: np.ndarray, black_level: float | Sequence[float], white_level: int
) -> Directory:
    height, width = mosaic.shape
    tags: Directory = {
        Tag.NewSubfileType: Entry.numbers(LONG, 0),
        Tag.ImageWidth: Entry.numbers(LONG, width),
        Tag.ImageLength: Entry.numbers(LONG, height),
        Tag.BitsPerSample: Entry.numbers(SHORT, 16),
        Tag.PhotometricInterpretation: Entry.numbers(SHORT, Photometric.CFA),
        Tag.SamplesPerPixel: Entry.numbers(SHORT, 1),
        Tag.RowsPerStrip: Entry.numbers(LONG, height),
        Tag.PlanarConfiguration: Entry.numbers(SHORT, PlanarConfiguration.Chunky),
        Tag.CFARepeatPatternDim: Entry.numbers(SHORT, *pattern.shape),
        Tag.CFAPattern: Entry(BYTE, pattern.tobytes()),
        Tag.DNGVersion: Entry(BYTE, bytes((1, 4, 0, 0))),
        Tag.DNGBackwardVersion: Entry(BYTE, bytes((1, 1, 0, 0))),
        Tag.CFAPlaneColor: Entry(BYTE, bytes((0, 1, 2))),
        Tag.CFALayout: Entry.numbers(SHORT, 1),
        Tag.WhiteLevel: Entry.numbers(LONG, int(white_level)),
    }
    levels = [float(v) for v in np.atleast_1d(np.asarray(black_level, float))]
    if len(levels) not in (1, 4):
        raise ImageInputError(f"black_level is one number or four; given {len(levels)}")
    side = 1 if len(levels) == 1 else 2
    tags[Tag.BlackLevelRepeatDim] = Entry.numbers(SHORT, side, side)
    tags[Tag.BlackLevel] = Entry.rationals(levels)
    return tags


def _color_tags(
    color_matrix: np.ndarray | None, as_shot_neutral: Sequence[float], baseline_exposure: float
) -> Directory:
    if color_matrix is None:
        from ...color.spaces import SRGB, xyz_matrix

        color_matrix = np.linalg.inv(xyz_matrix(SRGB))
    matrix = np.asarray(color_matrix, float)
    neutral = [float(v) for v in as_shot_neutral]
    if matrix.shape != (3, 3) or len(neutral) != 3 or min(neutral) <= 0:
        raise ImageInputError("color_matrix is 3 x 3 and as_shot_neutral three numbers above 0")
    return {
        Tag.ColorMatrix1: Entry.rationals(matrix.reshape(-1).tolist(), signed=True),
        Tag.AsShotNeutral: Entry.rationals(neutral),
        Tag.BaselineExposure: Entry.rationals([baseline_exposure], signed=True),
        Tag.CalibrationIlluminant1: Entry.numbers(SHORT, LightSource.D65),
    }


def _compress(mosaic: np.ndarray, compression: str) -> bytes:
    if compression == "none":
        return mosaic.astype("<u2", copy=False).tobytes()
    height, width = mosaic.shape
    # An odd width cannot be split into two components; pixels are predicted from the other color there.
    components = 2 if width % 2 == 0 else 1
    return encode_lossless_jpeg(mosaic.reshape(height, width // components, components))
