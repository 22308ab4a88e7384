"""Developing DNG files according to their specification; LibRaw unpacks some kinds of samples and demosaics.

Source: Adobe, Digital Negative Specification 1.7.1, whose processing model has these steps: raw values,
OpcodeList1, linear light, OpcodeList2, demosaicing, OpcodeList3, default crop.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...color.light_samples import LightSamples
from ...color.shadow_curve import ShadowCurve
from ...errors import FormatError
from ..metadata.exif import orientation_of
from ..metadata.orientation import upright
from ..raw.camera_color import CameraColor, develop_camera_rgb
from ..raw.demosaic import demosaic, second_green
from ..raw.hot_pixels import repair_hot_pixels
from ..raw.light_samples import light_samples
from ..raw.options import RawOptions
from ..raw.shadows import shadow_curve
from ..tiff.directory import Directory
from ..tiff.parse import Buffer, is_tiff, numbers_of, packet_of, parse_tiff
from ..tiff.tags import Photometric, Tag
from .interleave import without_interleaving
from .levels import Levels, active_area
from .opcode_points import Grid
from .opcodes import apply_opcodes
from .picture import cfa_pattern, first_number, is_dng, raw_directory
from .pixels import read_samples

__all__ = ["DngPicture", "corrections_left_out", "develop_dng", "open_dng"]

# A mosaic is demosaiced in 16 bits, with room below black: LibRaw clips noise at black, but the detection of
# hot pixels needs the complete noise.
_BLACK, _WHITE = 4096, 65535
# More headroom than six stops would cost precision in the shadows.
_MAX_HEADROOM = 64.0
_BLOCK_ROWS = 256
_CROP_SLACK = 2  # pixels beyond the border, due to rounding by some writers


@dataclass(frozen=True)
class DngPicture:
    """The raw image of a DNG, before development.

    Attributes:
        page: first directory of the file.
        directory: directory of the raw image.
        samples: H x W x C as stored in the file.
        pattern: colors of the mosaic, see `cfa_pattern`; None for linear images.
        notes: notes on choices and omissions.
    """

    page: Directory
    directory: Directory
    samples: np.ndarray
    pattern: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def orientation(self) -> int:
        """EXIF orientation, 1 to 8."""
        return orientation_of(self.page) or 1

    @property
    def active_samples(self) -> np.ndarray:
        """Samples of the active area."""
        top, left, bottom, right = active_area(self.directory, *self.samples.shape[:2])
        return self.samples[top:bottom, left:right]

    @property
    def black(self) -> float:
        """The lowest black level of a sample; 0 with a linearization table, whose range is arbitrary."""
        has_table = Tag.LinearizationTable in self.directory
        return 0.0 if has_table else min(numbers_of(self.directory, Tag.BlackLevel), default=0.0)

    @property
    def is_floating(self) -> bool:
        return self.samples.dtype.kind == "f"

    @property
    def greatest_value(self) -> float:
        """The sample value at saturation: the white level, or the end of the linearization table."""
        table = numbers_of(self.directory, Tag.LinearizationTable)
        if table:
            return float(len(table) - 1)
        depth = 1.0 if self.is_floating else float(np.iinfo(self.samples.dtype).max)
        return first_number(self.directory, Tag.WhiteLevel, depth)


def open_dng(path: Path, max_pixels: int) -> DngPicture | None:
    """Read the raw image of a DNG; None if the file is not a DNG, or has a layout that is left to LibRaw.

    Raises:
        FormatError: the compression or the color filter pattern is not supported.
        ReadError: pixels are missing or damaged.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = _found(data)
        if found is None:
            return None
        page, directory, notes = found
        if _left_to_libraw(directory, path.name):
            return None
        order = "<" if bytes(data[:2]) == b"II" else ">"
        samples = read_samples(data, directory, order, path.name, max_pixels)
        samples = without_interleaving(samples, directory, path.name)
    is_mosaic = first_number(directory, Tag.PhotometricInterpretation, 0) == Photometric.CFA
    if samples.shape[2] > 3:
        samples = np.ascontiguousarray(samples[..., :3])
        notes.append("channels beyond color (alpha or infrared) were not kept")
    notes += [*_make_finite(samples), *_user_crop(page, directory)]
    pattern = cfa_pattern(directory) if is_mosaic else None
    return DngPicture(page, directory, samples, pattern, tuple(notes))


def corrections_left_out(path: Path) -> list[str]:
    """Notes on the corrections of a DNG that is left to LibRaw, which does not apply them."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = _found(data)
    if found is None or not {Tag.OpcodeList1, Tag.OpcodeList2, Tag.OpcodeList3} & found[1].keys():
        return []
    return ["the corrections in the DNG (opcodes) were left out: its sensor's layout is unusual"]


def _found(data: Buffer) -> tuple[Directory, Directory, list[str]] | None:
    """First directory, directory of the raw image, and notes; None if the file is not a DNG."""
    if not is_tiff(bytes(data[:16])):
        return None
    try:
        directories = parse_tiff(data)
    except FormatError:
        return None
    found = raw_directory(directories) if is_dng(directories) else None
    return None if found is None else (directories[0], *found)


def _left_to_libraw(directory: Directory, name: str) -> bool:
    """Whether the layout is unusual: other colors, arrays rotated by 45 degrees, non-square pixels."""
    channels = int(first_number(directory, Tag.SamplesPerPixel, 1))
    if first_number(directory, Tag.PhotometricInterpretation, 0) == Photometric.CFA:
        repeat = [int(v) for v in numbers_of(directory, Tag.CFARepeatPatternDim)]
        if len(repeat) == 2 and repeat[1] != 2 and repeat != [6, 6] and cfa_pattern(directory) is None:
            # LibRaw would mistake it for another pattern.
            raise FormatError(
                f"{name} has a pattern of {repeat[0]} x {repeat[1]} colors; 2 x 2 and 6 x 6 are supported. "
                "Develop it elsewhere and give a 16-bit TIFF"
            )
        if channels != 1 or cfa_pattern(directory) is None:
            return True
    elif channels != 3 and not (
        channels > 3 and len(numbers_of(directory, Tag.ColorMatrix1)) != 3 * channels
    ):
        return True
    scale = numbers_of(directory, Tag.DefaultScale)
    return len(scale) == 2 and min(scale) > 0 and abs(scale[0] / scale[1] - 1) > 1e-3


def _make_finite(samples: np.ndarray) -> list[str]:
    if samples.dtype.kind != "f":
        return []
    broken = ~np.isfinite(samples)
    count = int(broken.sum())
    if not count:
        return []
    samples[broken] = 0
    return [f"{count} values that are not finite (NaN or infinite) were set to 0"]


def _user_crop(page: Directory, directory: Directory) -> list[str]:
    crop = numbers_of(directory, Tag.DefaultUserCrop) or numbers_of(page, Tag.DefaultUserCrop)
    if len(crop) == 4 and tuple(crop) != (0, 0, 1, 1):
        return ["the crop that the DNG suggests (DefaultUserCrop) was not applied; the whole frame was kept"]
    return []


def develop_dng(
    picture: DngPicture, color: CameraColor, options: RawOptions, half_size: bool, name: str, notes: list[str]
) -> tuple[np.ndarray, ShadowCurve | None, LightSamples | None]:
    """The image in linear light, upright, and what is known of the noise in its shadows.

    Args:
        picture: raw image from `open_dng`.
        color: color matrix of the camera, and white balance to apply.
        half_size: whether to develop a mosaic at half the width and height.
        name: file name, for messages.
        notes: list to which notes on omissions and repairs are appended.

    Returns:
        H x W x 3 float32, linear Rec. 2020, white at 1, headroom above; and, of a mosaic, the shadow
        curve and light samples.

    Raises:
        ReadError: pixel data is missing, or the levels are contradictory.
    """
    levels = Levels.read(picture.directory, _shape(picture.samples), name)
    if picture.is_floating and Tag.WhiteLevel not in picture.directory:
        levels = levels.of_integers(picture.samples, notes)
    lists = [packet_of(picture.directory, t) for t in (Tag.OpcodeList1, Tag.OpcodeList2, Tag.OpcodeList3)]
    mosaic = picture.pattern is not None
    period = 1 if picture.pattern is None else max(picture.pattern.shape)
    grid = Grid(limited=not picture.is_floating, mosaic=mosaic, period=period)
    with np.errstate(all="ignore"):
        samples = picture.samples
        if lists[0]:
            raw_grid = replace(grid, unit=1.0 if picture.is_floating else 65535.0)
            samples = apply_opcodes(samples.astype(np.float32), lists[0], raw_grid, notes)
        linear = apply_opcodes(levels.linearize(samples), lists[1], grid, notes)
        _bound(linear)
        brightest = float(linear.max())
        if picture.pattern is not None:
            # The pattern begins at the corner of the active area, like the linear image.
            cropped = _crop_of(picture.directory, linear.shape)
            camera, scale, curve, light = _demosaiced(
                linear[..., 0],
                picture.pattern,
                cropped,
                picture.orientation,
                color,
                options,
                half_size,
                notes,
            )
        else:
            curve = light = None
            camera, scale = np.maximum(linear, 0, out=linear), 1.0
            camera *= color.multipliers.astype(np.float32)
        step = 2 if mosaic and half_size else 1
        if lists[2]:
            third_grid = Grid(limited=grid.limited, step=step)
            camera, scale = _third_list(camera, scale, lists[2], third_grid, color, notes), 1.0
            light = None  # of values before the corrections
    crop = _crop_of(picture.directory, camera.shape, step)
    if crop is None:
        notes.append("the crop that the DNG declares is outside its image; the whole frame was kept")
    else:
        camera = camera[crop]
    if picture.is_floating and options.highlights == "neutral" and brightest > 1.0:
        # Not the saturation of a sensor: merged exposures have valid values above white.
        options = replace(options, highlights="keep")
    pixels = develop_camera_rgb(camera, color, color.multipliers, scale, options.highlights)
    return upright(pixels, picture.orientation), curve, light


def _shape(samples: np.ndarray) -> tuple[int, int, int]:
    height, width, channels = samples.shape
    return height, width, channels


def _bound(linear: np.ndarray) -> None:
    """Replace values that are not finite, which corrections with invalid parameters may cause."""
    if not np.isfinite(linear).all():
        np.nan_to_num(linear, copy=False, nan=0.0, posinf=1.0, neginf=0.0)


def _demosaiced(
    linear: np.ndarray,
    pattern: np.ndarray,
    crop: tuple[slice, slice] | None,
    orientation: int,
    color: CameraColor,
    options: RawOptions,
    half_size: bool,
    notes: list[str],
) -> tuple[np.ndarray, float, ShadowCurve | None, LightSamples | None]:
    """Demosaic linear light to white-balanced camera RGB.

    Returns:
        uint16, the linear light of one unit, the effect of noise on shadows, and samples of the light.
    """
    brightest = float(linear.max())
    headroom = float(np.clip(brightest, 1.0, _MAX_HEADROOM))
    if brightest > _MAX_HEADROOM:
        notes.append(f"highlights more than {np.log2(_MAX_HEADROOM):.0f} stops above white were clipped")
    raw_values = np.empty(linear.shape, np.uint16)
    for start in range(0, linear.shape[0], _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        scaled = linear[rows] * np.float32((_WHITE - _BLACK) / headroom) + np.float32(_BLACK)
        raw_values[rows] = np.clip(np.rint(scaled), 0, _WHITE)
    # The two greens of a Bayer pattern are treated separately, as they may differ.
    kinds: np.ndarray = np.arange(4).reshape(2, 2) if pattern.shape == (2, 2) else pattern
    height, width = linear.shape
    y, x = np.arange(height) % kinds.shape[0], np.arange(width) % kinds.shape[1]
    colors = kinds.astype(np.uint8)[y[:, None], x]
    black = np.full(4, _BLACK, np.float32)
    if options.hot_pixels:
        count = repair_hot_pixels(raw_values, colors, black, float(_WHITE))
        if count:
            notes.append(f"{count} hot pixels were repaired")
    values = demosaic(raw_values, pattern, (_BLACK, _WHITE), color, options, half_size)
    largest = max(float(color.multipliers.max()), second_green(options, color.multipliers))
    levels = black, float(_WHITE)
    curve = shadow_curve(raw_values, colors, levels, pattern, color, options, half_size, headroom)
    top, left = (0, 0) if crop is None else (crop[0].start, crop[1].start)
    light = light_samples(
        raw_values if crop is None else raw_values[crop],
        np.roll(pattern, (-top, -left), (0, 1)),
        (black[:3], levels[1]),
        color,
        orientation,
        options,
        half_size=half_size,
        headroom=headroom,
    )
    return values, headroom * largest / 65535.0, curve, light


def _third_list(
    camera: np.ndarray, scale: float, block: bytes, grid: Grid, color: CameraColor, notes: list[str]
) -> np.ndarray:
    """Apply OpcodeList3 to camera RGB before white balance; returns float32 with white balance again."""
    multipliers = color.multipliers.astype(np.float32)
    unbalanced = camera.astype(np.float32)
    unbalanced *= np.float32(scale) / multipliers
    corrected = apply_opcodes(unbalanced, block, grid, notes)
    _bound(corrected)
    np.maximum(corrected, 0, out=corrected)
    corrected *= multipliers
    return corrected


def _crop_of(directory: Directory, shape: tuple[int, ...], step: int = 1) -> tuple[slice, slice] | None:
    """Rows and columns of the default crop; None if it is outside the active area.

    Args:
        shape: of the active area, divided by ``step``.
    """
    height, width = shape[:2]
    origin = numbers_of(directory, Tag.DefaultCropOrigin) or (0, 0)
    size = numbers_of(directory, Tag.DefaultCropSize)
    if len(origin) != 2 or len(size) != 2:
        return slice(0, height), slice(0, width)
    left, top = (round(v / step) for v in origin)
    right, bottom = left + round(size[0] / step), top + round(size[1] / step)
    if not (0 <= left < right <= width + _CROP_SLACK and 0 <= top < bottom <= height + _CROP_SLACK):
        return None
    return slice(top, bottom), slice(left, right)
