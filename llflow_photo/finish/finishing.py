"""What every rendering goes through last, alike for files, previews and full size."""

from __future__ import annotations

import numpy as np

from ..color.working import Surround, Tone, from_network
from ..errors import ImageInputError
from ..options import Options
from ..photo import Photo
from .analysis import PhotoAnalysis, Window
from .base_curve import apply_base_curve
from .refinement import Refinement

__all__ = ["finished"]


def finished(
    rendering: np.ndarray,
    surround: Surround,
    options: Options,
    analysis: PhotoAnalysis | None = None,
    window: Window | None = None,
) -> Photo:
    """A rendering brought back into its photo's color space, refined, as strong and as bright as asked.

    Args:
        rendering: H x W x 3, float32, sRGB-encoded.
        surround: what the network did not see of the photo.
        analysis: of the whole photo; by default that of the surround's photo.
        window: which part of the whole photo the rendering is; by default all of it.
    """
    photo = surround.photo
    if rendering.shape != photo.pixels.shape:
        raise ImageInputError(f"the rendering is {rendering.shape}, the photo {photo.pixels.shape}")
    if options.strength == 0.0:
        return photo.with_pixels(photo.pixels.copy())
    analysis = analysis or PhotoAnalysis.of(photo)
    refinement = Refinement.of(rendering, photo, options, analysis, window or Window())
    standard = options.look == "standard" or (options.look == "auto" and analysis.standard_look)
    tone = apply_base_curve if standard and not options.denoise_only else None
    if not refinement.changes:
        return _brought_back(rendering, surround, options, tone)
    if options.denoise_only:
        return _brought_back(refinement.whole(), surround, options, tone)
    out = np.empty(photo.pixels.shape, np.float32)
    for rows in refinement.blocks():
        part = surround.crop(rows.start, 0, rows.stop - rows.start, photo.width)
        out[rows] = _brought_back(refinement.rows(rows), part, options, tone).pixels
    return photo.with_pixels(out)


def _brought_back(rendering: np.ndarray, surround: Surround, options: Options, tone: Tone | None) -> Photo:
    return from_network(
        rendering,
        surround,
        strength=options.strength,
        exposure_ev=options.exposure_ev,
        protect_highlights=options.protect_highlights,
        denoise_only=options.denoise_only,
        tone=tone,
    )
