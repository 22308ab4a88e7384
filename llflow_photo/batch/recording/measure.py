"""Statistics of a photo for the report: exposure, histogram, clipping, and a thumbnail."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ...color.channels import greatest_channel
from ...color.mean_exposure import mean_exposure_ev
from ...color.spaces import SRGB, convert, decode, encode, luminance_weights
from ...photo import Photo
from .record import PhotoStats

__all__ = ["photo_stats", "warnings_of"]

THUMBNAIL_PIXELS = 240
_SAMPLED_SIDE = 2 * THUMBNAIL_PIXELS
_BINS = 64
_WHITE = 254.5 / 255  # rounds to 255 in 8 bits


def photo_stats(photo: Photo, thumbnail: bool = True) -> PhotoStats:
    """Measure a photo on a regular subset of its pixels, at most 480 per side."""
    step = -(-max(photo.height, photo.width) // _SAMPLED_SIDE)
    # Pixels are subsampled, not averaged, because averaging would hide single clipped pixels.
    srgb = convert(np.ascontiguousarray(photo.pixels[::step, ::step]), photo.color_space, SRGB)
    clipped = float((greatest_channel(srgb) >= _WHITE).mean())
    np.clip(srgb, 0.0, 1.0, out=srgb)
    luminance = decode(srgb, "srgb") @ luminance_weights(SRGB).astype(np.float32)
    bins = np.minimum(encode(luminance, "srgb") * _BINS, _BINS - 1).astype(np.intp)
    counts = np.bincount(bins.reshape(-1), minlength=_BINS)
    histogram = tuple(round(float(count) / luminance.size, 5) for count in counts)
    return PhotoStats(
        round(mean_exposure_ev(luminance), 3),
        round(clipped, 5),
        histogram,
        _thumbnail(srgb) if thumbnail else b"",
    )


def warnings_of(
    before: PhotoStats, after: Sequence[PhotoStats], training_ev: tuple[float, float] | None = None
) -> tuple[str, ...]:
    """Warnings about a photo and its renderings, one sentence each.

    Args:
        before: statistics of the photo.
        after: statistics of its renderings.
        training_ev: range of exposures of nearly all training inputs of the model; None if unknown.
    """
    warnings = []
    gained = max((stats.clipped for stats in after), default=0.0) - before.clipped
    if gained > 0.01:
        warnings.append(f"clipped: {gained:.0%} more pixels at white than before; try a lower exposure")
    if before.clipped > 0.05:
        warnings.append(f"clipped before: {before.clipped:.0%} of the photo was at white")
    if training_ev is not None and not training_ev[0] <= before.exposure_ev <= training_ev[1]:
        side = "brighter" if before.exposure_ev > training_ev[1] else "darker"
        warnings.append(
            f"unlike the training data: {side} ({before.exposure_ev:+.1f} EV) than 99 % of it "
            f"({training_ev[0]:+.1f} to {training_ev[1]:+.1f} EV)"
        )
    return tuple(warnings)


def _thumbnail(srgb: np.ndarray) -> bytes:
    image = Image.fromarray(np.rint(srgb * 255).astype(np.uint8))
    image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.BOX)
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=70)
    return stored.getvalue()
