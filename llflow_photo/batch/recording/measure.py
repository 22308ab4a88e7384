"""What the report shows of a photo: its exposure, histogram, clipping and a thumbnail."""

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

__all__ = ["look_at", "warnings_of"]

THUMBNAIL_PIXELS = 240
_SAMPLED_SIDE = 2 * THUMBNAIL_PIXELS
_BINS = 64
_WHITE = 254.5 / 255  # what ends as 255 in eight bits


def look_at(photo: Photo, thumbnail: bool = True) -> PhotoStats:
    """Measure a photo on a regular subset of its pixels, at most 480 on a side."""
    step = -(-max(photo.height, photo.width) // _SAMPLED_SIDE)
    # Averaging before measuring would hide single clipped pixels, so pixels are picked, not averaged.
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
    before: PhotoStats, after: Sequence[PhotoStats], familiar_ev: tuple[float, float] | None = None
) -> tuple[str, ...]:
    """What a person should look at, one sentence each.

    Args:
        before: the photo as it came in.
        after: its renderings.
        familiar_ev: exposures between which nearly all training inputs of the model lay; None where unknown.
    """
    warnings = []
    gained = max((look.clipped for look in after), default=0.0) - before.clipped
    if gained > 0.01:
        warnings.append(f"clipped: {gained:.0%} more pixels at white than before; try a lower exposure")
    if before.clipped > 0.05:
        warnings.append(f"clipped before: {before.clipped:.0%} of the photo was at white")
    if familiar_ev is not None and not familiar_ev[0] <= before.exposure_ev <= familiar_ev[1]:
        side = "brighter" if before.exposure_ev > familiar_ev[1] else "darker"
        warnings.append(
            f"unlike the training data: {side} ({before.exposure_ev:+.1f} EV) than 99 % of it "
            f"({familiar_ev[0]:+.1f} to {familiar_ev[1]:+.1f} EV)"
        )
    return tuple(warnings)


def _thumbnail(srgb: np.ndarray) -> bytes:
    image = Image.fromarray(np.rint(srgb * 255).astype(np.uint8))
    image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.BOX)
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=70)
    return stored.getvalue()
