"""Refinement of a rendering by means of the photo: color noise, local exposure, texture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..color.channels import greatest_channel
from ..color.noise_level import NoiseLevel
from ..color.spaces import LINEAR_SRGB, SRGB, ColorSpace, convert
from ..options import Options
from ..photo import Photo
from .analysis import PhotoAnalysis, Window
from .color_noise import ChromaCorrection, empty_weight
from .local_exposure import LocalExposure
from .noise_estimate import DetailNoise
from .planes import QUARTER, block_mean, luma
from .texture import RADIUS, texture_gain

__all__ = ["Refinement"]

_BLOCK_PIXELS = 1 << 17
_BLOCK_ALIGNMENT = 16
_MOST_FACTOR = np.float32(8.0)


@dataclass(frozen=True)
class Refinement:
    """Corrections of one rendering, computed at quarter size and applied in blocks of rows.

    Attributes:
        rendering: H x W x 3 float32, sRGB-encoded in [0, 1]; it is not changed.
        photo: the photo as developed.
        noise: noise of the photo's detail at the scale of the rendering.
        texture: amount of texture, 0 to 1.
        chroma: color correction, or None.
        exposure: local exposure, or None.
    """

    rendering: np.ndarray
    photo: Photo
    noise: DetailNoise
    texture: float
    chroma: ChromaCorrection | None
    exposure: LocalExposure | None

    @classmethod
    def of(
        cls, rendering: np.ndarray, photo: Photo, options: Options, analysis: PhotoAnalysis, window: Window
    ) -> Refinement:
        """Compute the corrections selected by the options."""
        noise = analysis.noise.averaged(window.step)
        keeps_tone = options.denoise_only
        chroma = exposure = None
        if options.color_smoothing:
            chroma = _chroma(rendering, photo, noise, analysis.sensor_noise, options.color_smoothing)
        if options.local_exposure and not keeps_tone and analysis.lift.any():
            peak = _quarter(rendering, greatest_channel)
            lift = analysis.lift_at(window, peak.shape) * np.float32(options.local_exposure)
            if lift.any():
                exposure = LocalExposure.of(peak, lift)
        return cls(rendering, photo, noise, options.texture, chroma, exposure)

    @property
    def changes(self) -> bool:
        """Whether there are any corrections."""
        return bool(self.texture) or self.chroma is not None or self.exposure is not None

    def blocks(self) -> Iterator[slice]:
        """Number of rows per block."""
        height, width = self.rendering.shape[:2]
        step = max(1, _BLOCK_PIXELS // width // _BLOCK_ALIGNMENT) * _BLOCK_ALIGNMENT
        for start in range(0, height, step):
            yield slice(start, min(start + step, height))

    def whole(self) -> np.ndarray:
        """The refined rendering in a new array."""
        out = np.empty(self.rendering.shape, np.float32)
        for rows in self.blocks():
            out[rows] = self.rows(rows)
        return out

    def rows(self, rows: slice) -> np.ndarray:
        """Rows of the refined rendering: rows x W x 3 float32, sRGB-encoded in [0, 1]."""
        height = self.rendering.shape[0]
        margin = RADIUS if self.texture else 0
        wide = slice(max(0, rows.start - margin), min(height, rows.stop + margin))
        inside = slice(rows.start - wide.start, rows.stop - wide.start)
        block = self.rendering[wide]
        if self.chroma is not None:
            block = self.chroma.applied(block, wide)
        result = np.array(block[inside], np.float32)
        factor: np.ndarray | None = None
        if self.texture:
            view = np.clip(convert(self.photo.pixels[wide], self.photo.color_space, SRGB), 0.0, 1.0)
            factor = texture_gain(luma(view), luma(block), self.noise, self.texture)[inside]
        if self.exposure is not None:
            gain = self.exposure.factor(greatest_channel(result), rows)
            factor = gain if factor is None else factor * gain
        if factor is not None:
            np.clip(factor, 0.0, _MOST_FACTOR, out=factor)
            result *= _within_white(factor, result)[..., None]
        return np.clip(result, 0.0, 1.0, out=result)


def _within_white(factor: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Limit factors so that no channel exceeds white, to preserve hues."""
    room = 1.0 / np.maximum(greatest_channel(pixels), np.float32(1e-3))
    return np.asarray(np.minimum(factor, np.maximum(room, 1.0)))


def _chroma(
    rendering: np.ndarray, photo: Photo, noise: DetailNoise, sensor_noise: NoiseLevel, amount: float
) -> ChromaCorrection | None:
    level = _photo_quarter(photo, SRGB)
    empty = empty_weight(_photo_quarter(photo, LINEAR_SRGB), sensor_noise)
    signal_to_noise = level / noise.at(level)
    gray = _quarter(rendering, luma)
    red = _quarter(rendering, lambda block: block[..., 0]) - gray
    blue = _quarter(rendering, lambda block: block[..., 2]) - gray
    return ChromaCorrection.of((red, blue), gray, signal_to_noise, empty, amount)


def _row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    step = max(1, _BLOCK_PIXELS // shape[1] // QUARTER) * QUARTER
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def _quarter(pixels: np.ndarray, plane_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    blocks = [block_mean(plane_of(pixels[rows]), QUARTER) for rows in _row_blocks(pixels.shape)]
    return np.concatenate(blocks)


def _photo_quarter(photo: Photo, space: ColorSpace) -> np.ndarray:
    """Luma of the photo in a space with the primaries of sRGB, quarter size."""

    def gray(pixels: np.ndarray) -> np.ndarray:
        return luma(np.clip(convert(pixels, photo.color_space, space), 0.0, 1.0))

    return _quarter(photo.pixels, gray)
