"""Post-processing of renderings, the same for files, previews and full size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..callbacks import Cancel, Progress
from ..color.channels import greatest_channel
from ..color.shadow_curve import ShadowCurve
from ..color.spaces import decode
from ..color.working import Neutral, Residual, Tone, from_network
from ..errors import ImageInputError
from ..options import Options
from ..photo import Photo
from .analysis import PhotoAnalysis, Window
from .base_curve import apply_base_curve
from .color_noise import empty_weight, without_color
from .lamps import LampGrid
from .planes import QUARTER, block_mean, box_mean_inside, luma
from .progress import of_stage, watched_steps
from .refinement import Refinement, row_blocks, view_of, watched_blocks

__all__ = ["areas_without_light", "completed", "finished", "refined", "refining"]

_AS_RENDERED = Options(strength=1.0, exposure_ev=0.0, protect_highlights=True, denoise_only=False)
# The photo near lamps is averaged over 3 x 3 pixels, so that noise does not blur the curves. A mean over
# 5 x 5 is wider than the edges of small lamps, and draws rings there.
_NOISE_RADIUS = 1
_LIGHT_ROWS = 64  # a multiple of the quarter-size pixels


def finished(
    rendering: np.ndarray,
    residual: Residual,
    options: Options,
    analysis: PhotoAnalysis | None = None,
    window: Window | None = None,
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> Photo:
    """Post-process a rendering and convert it to a photo in the color space of the source photo.

    Args:
        rendering: H x W x 3, float32, sRGB-encoded.
        residual: the part of the photo that the network did not see.
        analysis: analysis of the whole photo; by default that of the residual's photo.
        window: part of the whole photo that the rendering shows; by default all of it.
        cancel: called before each block of pixels.
        progress: called with the number of steps done and of all.

    Raises:
        CancelledError: ``cancel`` returned true.
    """
    analysis = analysis or PhotoAnalysis.of(residual.photo)
    first, second = of_stage(progress, 0, 2), of_stage(progress, 1, 2)
    picture = refined(rendering, residual, options, analysis, window, cancel, first)
    first, second = of_stage(second, 0, 2), of_stage(second, 1, 2)
    empty = areas_without_light(residual, options, cancel, first)
    return completed(picture, residual, options, analysis, empty, cancel, second)


def refined(
    rendering: np.ndarray,
    residual: Residual,
    options: Options,
    analysis: PhotoAnalysis,
    window: Window | None = None,
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """The first part of `finished`: texture, color noise and local exposure.

    Of the options, it depends on those of `refining`. A smooth change of light and color can follow it.

    Returns:
        H x W x 3, float32, sRGB-encoded, in [0, 1]: a new array, or ``rendering`` if nothing changes.
    """
    _check_shape(rendering, residual)
    if options.strength == 0.0:
        return rendering
    first, second = of_stage(progress, 0, 2), of_stage(progress, 1, 2)
    window = window or Window()
    return Refinement.of(rendering, residual.photo, options, analysis, window, cancel, first).whole(
        cancel, second
    )


def refining(options: Options) -> tuple[object, ...]:
    """The options that `refined` depends on."""
    amounts = options.texture, options.color_smoothing, options.local_exposure
    return *amounts, options.denoise_only, options.strength == 0.0


def completed(
    picture: np.ndarray,
    residual: Residual,
    options: Options,
    analysis: PhotoAnalysis,
    empty: np.ndarray | None,
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> Photo:
    """The second part of `finished`: areas without light, lamps, strength, exposure, look, color space.

    Args:
        picture: output of `refined`, also if its light and color were changed; it is not changed.
        empty: output of `areas_without_light`.
    """
    _check_shape(picture, residual)
    photo = residual.photo
    if options.strength == 0.0:
        if progress:
            progress(1, 1)
        return photo.with_pixels(photo.pixels.copy())
    standard = options.look == "standard" or (options.look == "auto" and analysis.developed)
    tone = apply_base_curve if standard and not options.denoise_only else None
    lamps = None
    first, second = of_stage(progress, 0, 2), of_stage(progress, 1, 2)
    if options.protect_highlights and not options.denoise_only:
        lamps = _Lamps.of(picture, residual, analysis.darkness, cancel, first)
    if lamps is None:
        neutral = _neutral(empty, 0)
        return _brought_back(
            picture, residual, options, tone, neutral=neutral, cancel=cancel, progress=second
        )
    out = np.empty(photo.pixels.shape, np.float32)
    for rows in row_blocks(out.shape):
        part = residual.crop(rows.start, 0, rows.stop - rows.start, photo.width)
        neutral = _neutral(empty, rows.start)
        out[rows] = _brought_back(
            picture[rows], part, options, tone, lamps.gain(rows), neutral, cancel
        ).pixels
        if second:
            second(rows.stop, photo.height)
    return photo.with_pixels(out)


def _neutral(empty: np.ndarray | None, top: int) -> Neutral | None:
    """A function that makes areas without light gray in rows of a picture, counted from ``top``."""
    if empty is None:
        return None
    weight = empty
    return lambda encoded, rows: without_color(weight, encoded, slice(top + rows.start, top + rows.stop))


def areas_without_light(
    residual: Residual,
    options: Options,
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> np.ndarray | None:
    """Weight of areas of a developed RAW file that become gray, 0 to 1, quarter size; None if there are none.

    Other photos are left as they are: the camera has reduced their noise, but not the mean that it caused.
    """
    photo = residual.photo
    curve: ShadowCurve | None = (photo.metadata.raw or {}).get("shadow_curve")
    if curve is None or curve.black <= 0.0 or not options.color_smoothing or options.strength == 0.0:
        return None
    blocks = watched_blocks(photo.pixels.shape, cancel, progress, _LIGHT_ROWS)
    light = np.concatenate(
        [block_mean(luma(decode(view_of(photo, rows), "srgb")), QUARTER) for rows in blocks]
    )
    weight = empty_weight(light, curve.black) * np.float32(options.color_smoothing)
    return weight if weight.any() else None


def _check_shape(rendering: np.ndarray, residual: Residual) -> None:
    wanted = residual.photo.pixels.shape
    if rendering.shape != wanted:
        raise ImageInputError(f"the rendering is {rendering.shape}, the photo {wanted}")


@dataclass(frozen=True)
class _Lamps:
    """Corrections near lamps, and the photo on which they depend."""

    grid: LampGrid
    photo: Photo

    @classmethod
    def of(
        cls,
        rendering: np.ndarray,
        residual: Residual,
        darkness: float,
        cancel: Cancel | None,
        progress: Progress | None,
    ) -> _Lamps | None:
        if darkness == 0.0:
            return None
        photo = residual.photo
        peak = np.empty(photo.pixels.shape[:2], np.float32)

        def blocks(stage: int) -> Iterator[slice]:
            return watched_blocks(peak.shape, cancel, of_stage(progress, stage, 4))

        for rows in blocks(0):
            peak[rows] = greatest_channel(view_of(photo, rows))

        def result(y: np.ndarray, x: np.ndarray) -> np.ndarray:
            # Pixels are converted independently of each other, so that any of them form a picture of one row.
            part = replace(residual, photo=photo.with_pixels(photo.pixels[y, x][None]))
            pixels = _brought_back(rendering[y, x][None], part, _AS_RENDERED).pixels
            return np.asarray(view_of(photo.with_pixels(pixels), slice(0, 1))[0])

        steps = watched_steps(LampGrid.STEPS, cancel, of_stage(progress, 3, 4))
        passes = blocks(1), blocks(2), steps
        grid = LampGrid.of(peak, lambda rows: _denoised(photo, rows), result, passes, darkness)
        return None if grid is None else cls(grid, photo)

    def gain(self, rows: slice) -> np.ndarray | None:
        """Gain of linear light for rows, rows x W x 3; None if no lamp is near."""
        return self.grid.at(lambda rows: _denoised(self.photo, rows), rows, self.photo.width)


def _denoised(photo: Photo, rows: slice) -> np.ndarray:
    """Rows of the photo as the network sees it, slightly denoised: rows x W x 3 float32."""
    first, last = rows.start - _NOISE_RADIUS, rows.stop + _NOISE_RADIUS
    part = view_of(photo, slice(max(0, first), min(photo.height, last)))
    missing = max(0, -first), max(0, last - photo.height)
    padded = np.pad(part, (missing, (_NOISE_RADIUS, _NOISE_RADIUS), (0, 0)), mode="edge")
    return np.stack([box_mean_inside(padded[..., channel], _NOISE_RADIUS) for channel in range(3)], axis=-1)


def _brought_back(
    rendering: np.ndarray,
    residual: Residual,
    options: Options,
    tone: Tone | None = None,
    gain: np.ndarray | None = None,
    neutral: Neutral | None = None,
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> Photo:
    return from_network(
        rendering,
        residual,
        strength=options.strength,
        exposure_ev=options.exposure_ev,
        protect_highlights=options.protect_highlights,
        denoise_only=options.denoise_only,
        tone=tone,
        gain=gain,
        neutral=neutral,
        cancel=cancel,
        progress=progress,
    )
