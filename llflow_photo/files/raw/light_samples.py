"""Mean light of parts of a mosaic, without clipping at black."""

from __future__ import annotations

import numpy as np

from ...color.light_samples import LightSamples, sample_bounds
from ..metadata.orientation import upright
from .camera_color import CameraColor
from .demosaic import second_green
from .options import RawOptions

__all__ = ["light_samples"]

_ERRORS = 3.75
"""Standard errors of a mean below which a median is not by chance: three of the median."""
_LOWEST = -0.02
"""Light below which squares are damaged, such as those of zeros in an incomplete file."""


def light_samples(
    mosaic: np.ndarray,
    pattern: np.ndarray,
    levels: tuple[np.ndarray, float],
    color: CameraColor,
    orientation: int,
    options: RawOptions,
    *,
    half_size: bool,
    headroom: float = 1.0,
) -> LightSamples | None:
    """The samples of a photo that a mosaic is developed to.

    None if it is too small for that, or if the two greens have different white balance.

    Values are clipped where white balance makes them white, as in the developed photo, but not at black.
    Light is not negative: if most values of a square are below black, and by more than chance explains, the
    black level is too high, and all squares are raised by the difference.

    Args:
        mosaic: H x W, uint16, the part of it that the photo shows.
        pattern: rows x columns of 0 red, 1 green, 2 blue, 3 another green, from the top left corner.
        levels: black level of each of these colors, and saturation level.
        orientation: EXIF orientation of the mosaic.
        options: with which it is developed.
        half_size: whether the photo has half the height and width of the mosaic.
        headroom: linear light at the saturation level.
    """
    if second_green(options, color.multipliers) != color.multipliers[1]:
        return None
    step = 2 if half_size else 1
    height, width = (-(-side // step) for side in mosaic.shape)
    rows, columns = sample_bounds(height) * step, sample_bounds(width) * step
    if not rows.size or not columns.size:
        return None
    black, white = levels
    scale = color.multipliers * (headroom / (white - float(black.min())))
    camera = np.empty((len(rows), len(columns), 3))
    lowest = 0.0
    for place in np.ndindex(camera.shape[:2]):
        (top, bottom), (left, right) = rows[place[0]], columns[place[1]]
        y, x = np.arange(top, bottom) % pattern.shape[0], np.arange(left, right) % pattern.shape[1]
        indices = pattern[y[:, None], x]
        values = mosaic[top:bottom, left:right] - black[indices]
        medians = _medians(values, indices)
        lowest = min([lowest, *medians[medians > _LOWEST * (white - float(black.min()))]])
        channels = np.where(indices == 3, 1, indices)
        values = np.minimum(values * scale[channels], 1.0)
        counts = np.bincount(channels.ravel(), minlength=3)
        camera[place] = np.bincount(channels.ravel(), values.ravel(), 3) / np.maximum(counts, 1)
    camera -= lowest * scale
    light = (camera @ color.to_rec2020().T).astype(np.float32)
    shape = (height, width) if orientation < 5 else (width, height)
    return LightSamples(shape, upright(light, orientation))


def _medians(values: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Median of the values of each color that is there, plus what may be chance."""
    found = [values[indices == color] for color in np.unique(indices)]
    errors = np.array([of_color.std() / of_color.size**0.5 for of_color in found])
    return np.array([np.median(of_color) for of_color in found]) + _ERRORS * errors
