"""Refinement of a rendering by means of the photo: color noise, local exposure, texture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..callbacks import Cancel, Progress, raise_if_cancelled
from ..color.channels import greatest_channel
from ..color.spaces import SRGB, convert
from ..options import Options
from ..photo import Photo
from .analysis import PhotoAnalysis, Window
from .color_noise import ChromaCorrection, noisy_weight
from .local_exposure import LocalExposure
from .noise_estimate import DetailNoise
from .planes import QUARTER, block_mean, luma
from .progress import of_stage, watched_steps
from .texture import Texture

__all__ = ["Refinement", "row_blocks", "view_of", "watched_blocks"]

_BLOCK_PIXELS = 1 << 17
_BLOCK_ALIGNMENT = 16
# A tile and its temporaries fit into the processor's cache.
_TILE_ROWS, _TILE_COLUMNS = 64, 1024
_ALL = slice(None)
_MOST_FACTOR = np.float32(8.0)


@dataclass(frozen=True)
class Refinement:
    """Corrections of one rendering, computed at quarter size and applied in blocks of rows.

    Attributes:
        rendering: H x W x 3 float32, sRGB-encoded in [0, 1]; it is not changed.
        photo: the photo as developed.
        texture: restoration of texture, or None.
        chroma: color correction, or None.
        exposure: local exposure, or None.
    """

    rendering: np.ndarray
    photo: Photo
    texture: Texture | None
    chroma: ChromaCorrection | None
    exposure: LocalExposure | None

    @classmethod
    def of(
        cls,
        rendering: np.ndarray,
        photo: Photo,
        options: Options,
        analysis: PhotoAnalysis,
        window: Window,
        cancel: Cancel | None = None,
        progress: Progress | None = None,
    ) -> Refinement:
        """Compute the corrections selected by the options; ``cancel`` and ``progress`` as in `whole`."""
        noise = analysis.noise.averaged(window.step)
        keeps_tone = options.denoise_only
        chroma = exposure = None

        def blocks(stage: int, count: int | None = None) -> Iterator[slice]:
            return watched_blocks(rendering.shape, cancel, of_stage(progress, stage, 6), count)

        def steps(stage: int) -> Iterator[int]:
            return watched_steps(2, cancel, of_stage(progress, stage, 6))

        if options.color_smoothing:
            chroma = _chroma(rendering, photo, noise, options.color_smoothing, blocks, steps)
        if options.local_exposure and not keeps_tone and analysis.lift.any():
            peak = _quarter_peak(rendering[rows] for rows in blocks(3))
            lift = analysis.lift_at(window, rendering.shape[:2]) * np.float32(options.local_exposure)
            if lift.any():
                photo_peak = _quarter_peak(view_of(photo, rows) for rows in blocks(4))
                exposure = LocalExposure.of(peak, photo_peak, lift, steps(5))
        texture = Texture.of(noise, options.texture, analysis.developed)
        return cls(rendering, photo, texture, chroma, exposure)

    @property
    def changes(self) -> bool:
        """Whether there are any corrections."""
        return any(part is not None for part in (self.texture, self.chroma, self.exposure))

    def whole(self, cancel: Cancel | None = None, progress: Progress | None = None) -> np.ndarray:
        """The refined rendering, sRGB-encoded in [0, 1]: a new array, or ``rendering`` if nothing changes.

        ``cancel`` is called before each tile; if it returns true, `CancelledError` is raised. ``progress`` is
        called with the number of rows done and of all.
        """
        if not self.changes:
            return self.rendering
        out = np.empty(self.rendering.shape, np.float32)
        width = self.rendering.shape[1]
        for rows in row_blocks(self.rendering.shape, _TILE_ROWS):
            for left in range(0, width, _TILE_COLUMNS):
                raise_if_cancelled(cancel)
                columns = slice(left, min(left + _TILE_COLUMNS, width))
                self._refine(rows, columns, out[rows, columns])
            if progress:
                progress(rows.stop, len(out))
        return out

    def _refine(self, rows: slice, columns: slice, out: np.ndarray) -> None:
        """Write a part of the refined rendering, rows x columns x 3."""
        margin = 0 if self.texture is None else Texture.RADIUS
        height, width = self.rendering.shape[:2]
        down, across = _widened(rows, margin, height), _widened(columns, margin, width)
        inside = _relative(rows, down), _relative(columns, across)
        # Planes of channels, which are several times as fast as pixels of three channels.
        planes = np.ascontiguousarray(np.moveaxis(self.rendering[down, across], 2, 0), np.float32)
        if self.chroma is not None:
            self.chroma.apply(planes, down, across)
        factor: np.ndarray | None = None
        if self.texture is not None:
            missing = [
                (margin - part.start, margin - (wide.stop - own.stop))
                for part, wide, own in zip(inside, (down, across), (rows, columns), strict=True)
            ]
            lumas = luma(view_of(self.photo, down, across)), luma(np.moveaxis(planes, 0, 2))
            factor = self.texture.gain(*(np.pad(plane, missing, mode="edge") for plane in lumas))
        inner = planes[:, inside[0], inside[1]]
        peak = np.maximum(inner[0], inner[1])
        np.maximum(peak, inner[2], out=peak)
        if self.exposure is not None:
            gain = self.exposure.factor(peak, rows, columns)
            factor = gain if factor is None else factor * gain
        if factor is not None:
            inner = inner * _within_white(np.clip(factor, 0.0, _MOST_FACTOR), peak)
        np.clip(np.moveaxis(inner, 0, 2), 0.0, 1.0, out=out)


def _widened(part: slice, margin: int, length: int) -> slice:
    return slice(max(0, part.start - margin), min(length, part.stop + margin))


def _relative(part: slice, whole: slice) -> slice:
    return slice(part.start - whole.start, part.stop - whole.start)


def row_blocks(shape: tuple[int, ...], count: int | None = None) -> Iterator[slice]:
    """Blocks of rows of an H x W x ... array.

    Args:
        count: rows per block, a multiple of 16; by default a block has about 130,000 pixels.
    """
    step = count or max(1, _BLOCK_PIXELS // shape[1] // _BLOCK_ALIGNMENT) * _BLOCK_ALIGNMENT
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def watched_blocks(
    shape: tuple[int, ...], cancel: Cancel | None, progress: Progress | None, count: int | None = None
) -> Iterator[slice]:
    """`row_blocks`; ``cancel`` is called before each block, and ``progress`` with the number of rows done.

    Raises:
        CancelledError: ``cancel`` returned true.
    """
    for rows in row_blocks(shape, count):
        raise_if_cancelled(cancel)
        if progress:
            progress(rows.start, shape[0])
        yield rows


def view_of(photo: Photo, rows: slice, columns: slice = _ALL) -> np.ndarray:
    """A part of the photo as the network sees it: rows x columns x 3 float32, sRGB-encoded, in [0, 1]."""
    pixels = photo.pixels[rows, columns]
    if photo.color_space != SRGB:
        pixels = convert(np.ascontiguousarray(pixels), photo.color_space, SRGB)
    return np.asarray(np.clip(pixels, np.float32(0.0), np.float32(1.0)))


def _within_white(factor: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Limit factors so that no channel exceeds white, to preserve hues."""
    room = np.maximum(peak, np.float32(1e-3))
    np.divide(np.float32(1.0), room, out=room)
    np.maximum(room, np.float32(1.0), out=room)
    return np.asarray(np.minimum(factor, room, out=room))


def _chroma(
    rendering: np.ndarray,
    photo: Photo,
    noise: DetailNoise,
    amount: float,
    blocks: Callable[[int, int], Iterator[slice]],
    steps: Callable[[int], Iterator[int]],
) -> ChromaCorrection | None:
    """The correction of color noise, or None if there is none.

    ``blocks`` returns blocks of a number of rows, in two passes over the photo, 0 and 1; ``steps`` the two
    steps of stage 2.
    """

    def weight_of(rows: slice) -> np.ndarray:
        level = luma(block_mean(view_of(photo, rows), QUARTER))
        return noisy_weight(level / noise.at(level)) * np.float32(amount)

    weight = np.concatenate([weight_of(rows) for rows in blocks(0, _BLOCK_ALIGNMENT)])
    if not weight.any():
        return None
    quarter = np.concatenate([block_mean(rendering[rows], QUARTER) for rows in blocks(1, _BLOCK_ALIGNMENT)])
    return ChromaCorrection.of(quarter, weight, steps(2))


def _quarter_peak(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Maximum channel of blocks of rows, quarter size."""
    return np.concatenate([block_mean(greatest_channel(block), QUARTER) for block in blocks])
