"""Writing linear DNG, a demosaiced photo for RAW editors. Source: Adobe DNG Specification 1.4."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from ...color.profiles import profile_bytes
from ...color.spaces import REC2020_LINEAR, SRGB, convert, xyz_matrix
from ...photo import Photo
from ..pillow.jpeg_write import jpeg_bytes
from ..quantize import row_blocks
from ..raw.camera_color import CameraColor
from ..tiff.directory import BYTE, LONG, SHORT, Directory, Entry
from ..tiff.tags import Compression, LightSource, NewSubfile, Photometric, PlanarConfiguration, Tag
from ..tiff.write import append, finish_tiff, metadata_tags
from .lossless_jpeg import encode_lossless_jpeg

__all__ = ["PRIVATE_DATA", "write_linear_dng"]

# Marks files by this program, whose pixels were not clipped by a sensor. DNG requires a terminated name.
PRIVATE_DATA = b"llflow-photo developed\0"
_UNKNOWN_CAMERA = "llflow-photo linear Rec. 2020"
_PREVIEW_SIDE = 1024
_WHITE_LEVEL = 65535
_TILE = 512
# More headroom than four stops is likely an error, and would reduce precision in the shadows.
_MAX_HEADROOM = 16.0


def write_linear_dng(file: BinaryIO, photo: Photo) -> list[str]:
    """Write the photo as 16-bit LinearRaw in the camera's RGB before white balance.

    If the camera is unknown, linear Rec. 2020 is used as its RGB. Highlights above white are kept by
    darkening the image, and BaselineExposure declares by how many EV.

    Returns:
        notes on what could not be kept.
    """
    color = _camera(photo.metadata.raw)
    matrix = _camera_from_rec2020(color)
    peak, lowest = _extent(photo, matrix)
    headroom = float(min(max(peak, 1.0), _MAX_HEADROOM))
    notes = []
    if lowest < -1e-3:
        notes.append("colors outside the camera's own gamut were moved to its edge")
    if peak > _MAX_HEADROOM:
        notes.append("highlights more than four stops above white were clipped")
    file.write(b"\0" * 8)
    preview = _preview_directory(file, photo)
    raw = _raw_directory(file, photo, matrix / headroom)
    named = {Tag.Make: Entry.text("llflow-photo"), Tag.Model: Entry.text(_UNKNOWN_CAMERA)}
    page = named | metadata_tags(photo.metadata) | preview | _dng_tags(photo.metadata.raw, color, headroom)
    page[Tag.SubIFDs] = Entry.directories(raw)
    finish_tiff(file, page)
    return notes


def _camera(facts: Any) -> CameraColor:
    if facts and "camera_from_xyz" in facts:
        return CameraColor(np.array(facts["camera_from_xyz"], float), np.array(facts["multipliers"], float))
    return CameraColor(np.linalg.inv(xyz_matrix(REC2020_LINEAR)), np.ones(3))


def _camera_from_rec2020(color: CameraColor) -> np.ndarray:
    """3 x 3: linear Rec. 2020 to camera RGB before white balance; white's greatest channel is 1."""
    return np.diag(1.0 / color.multipliers) @ np.linalg.inv(color.to_rec2020())


def _in_camera(photo: Photo, rows: slice, matrix: np.ndarray) -> np.ndarray:
    block = convert(photo.pixels[rows], photo.color_space, REC2020_LINEAR)
    return np.asarray(block @ matrix.T.astype(np.float32))


def _extent(photo: Photo, matrix: np.ndarray) -> tuple[float, float]:
    """Maximum and minimum camera value."""
    peak, lowest = 0.0, 0.0
    for rows in row_blocks(photo):
        block = _in_camera(photo, rows, matrix)
        peak, lowest = max(peak, float(block.max())), min(lowest, float(block.min()))
    return peak, lowest


def _preview_directory(file: BinaryIO, photo: Photo) -> Directory:
    """Write the preview, an sRGB JPEG of at most 1024 pixels per side; return its directory."""
    step = max(1, -(-max(photo.width, photo.height) // (2 * _PREVIEW_SIDE)))
    small = convert(np.ascontiguousarray(photo.pixels[::step, ::step]), photo.color_space, SRGB)
    image = Image.fromarray((np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8))
    image.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    data = jpeg_bytes(image, 85, profile_bytes(SRGB))
    offsets: list[int] = []
    counts: list[int] = []
    append(file, data, offsets, counts)
    return {
        Tag.NewSubfileType: Entry.numbers(LONG, NewSubfile.ReducedResolution),
        Tag.ImageWidth: Entry.numbers(LONG, image.width),
        Tag.ImageLength: Entry.numbers(LONG, image.height),
        Tag.BitsPerSample: Entry.numbers(SHORT, 8, 8, 8),
        Tag.Compression: Entry.numbers(SHORT, Compression.JPEG),
        Tag.PhotometricInterpretation: Entry.numbers(SHORT, Photometric.YCbCr),
        Tag.StripOffsets: Entry.numbers(LONG, *offsets),
        Tag.Orientation: Entry.numbers(SHORT, 1),
        Tag.SamplesPerPixel: Entry.numbers(SHORT, 3),
        Tag.RowsPerStrip: Entry.numbers(LONG, image.height),
        Tag.StripByteCounts: Entry.numbers(LONG, *counts),
        Tag.PlanarConfiguration: Entry.numbers(SHORT, PlanarConfiguration.Chunky),
        Tag.YCbCrSubSampling: Entry.numbers(SHORT, 1, 1),
        Tag.YCbCrPositioning: Entry.numbers(SHORT, 1),
    }


def _raw_directory(file: BinaryIO, photo: Photo, matrix: np.ndarray) -> Directory:
    """Write lossless JPEG tiles of 512 x 512, or one strip for a small photo; return the directory."""
    offsets: list[int] = []
    counts: list[int] = []
    tiled = min(photo.height, photo.width) >= _TILE
    for top in range(0, photo.height, _TILE if tiled else photo.height):
        rows = slice(top, min(top + _TILE, photo.height) if tiled else photo.height)
        raw_values = np.rint(np.clip(_in_camera(photo, rows, matrix), 0, 1) * _WHITE_LEVEL).astype(np.uint16)
        if not tiled:
            append(file, encode_lossless_jpeg(raw_values), offsets, counts)
            break
        raw_values = np.pad(
            raw_values, ((0, _TILE - raw_values.shape[0]), (0, -photo.width % _TILE), (0, 0)), mode="edge"
        )
        for left in range(0, raw_values.shape[1], _TILE):
            append(file, encode_lossless_jpeg(raw_values[:, left : left + _TILE]), offsets, counts)
    directory: Directory = {
        Tag.NewSubfileType: Entry.numbers(LONG, 0),
        Tag.ImageWidth: Entry.numbers(LONG, photo.width),
        Tag.ImageLength: Entry.numbers(LONG, photo.height),
        Tag.BitsPerSample: Entry.numbers(SHORT, 16, 16, 16),
        Tag.Compression: Entry.numbers(SHORT, Compression.JPEG),
        Tag.PhotometricInterpretation: Entry.numbers(SHORT, Photometric.LinearRaw),
        Tag.SamplesPerPixel: Entry.numbers(SHORT, 3),
        Tag.PlanarConfiguration: Entry.numbers(SHORT, PlanarConfiguration.Chunky),
        Tag.BlackLevel: Entry.rationals((0, 0, 0)),
        Tag.BlackLevelRepeatDim: Entry.numbers(SHORT, 1, 1),
        Tag.WhiteLevel: Entry.numbers(LONG, *(_WHITE_LEVEL,) * 3),
        Tag.DefaultCropOrigin: Entry.numbers(LONG, 0, 0),
        Tag.DefaultCropSize: Entry.numbers(LONG, photo.width, photo.height),
    }
    if tiled:
        directory[Tag.TileWidth] = directory[Tag.TileLength] = Entry.numbers(LONG, _TILE)
        directory[Tag.TileOffsets] = Entry.numbers(LONG, *offsets)
        directory[Tag.TileByteCounts] = Entry.numbers(LONG, *counts)
    else:
        directory[Tag.RowsPerStrip] = Entry.numbers(LONG, photo.height)
        directory[Tag.StripOffsets] = Entry.numbers(LONG, *offsets)
        directory[Tag.StripByteCounts] = Entry.numbers(LONG, *counts)
    return directory


def _dng_tags(facts: Any, color: CameraColor, headroom: float) -> Directory:
    neutral = 1.0 / color.multipliers
    name = (facts or {}).get("unique_camera_model") or _UNKNOWN_CAMERA
    return {
        Tag.DNGVersion: Entry(BYTE, bytes((1, 4, 0, 0))),
        Tag.DNGBackwardVersion: Entry(BYTE, bytes((1, 1, 0, 0))),
        Tag.UniqueCameraModel: Entry.text(name),
        Tag.ColorMatrix1: Entry.rationals(color.camera_from_xyz.reshape(-1).tolist(), signed=True),
        Tag.AsShotNeutral: Entry.rationals((neutral / neutral.max()).tolist()),
        Tag.BaselineExposure: Entry.rationals([float(np.log2(headroom))], signed=True),
        Tag.DNGPrivateData: Entry(BYTE, PRIVATE_DATA),
        Tag.CalibrationIlluminant1: Entry.numbers(SHORT, LightSource.D65),
    }
