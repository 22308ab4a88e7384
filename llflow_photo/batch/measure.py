"""What the report shows of a photo: its exposure, histogram, clipping and a thumbnail."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..color.spaces import SRGB, convert, decode, encode
from ..photo import Photo
from .row import Look

__all__ = ["look_at", "warnings_of"]

THUMBNAIL_PIXELS = 240
_SAMPLED_SIDE = 4 * THUMBNAIL_PIXELS
_BINS = 64
_FLOOR = 2.0**-12
_REC709 = np.array([0.2126, 0.7152, 0.0722], np.float32)


def look_at(photo: Photo, thumbnail: bool = True) -> Look:
    """Measure a photo on a regular subset of its pixels, at most 960 on a side.

    Exposure is the mean over pixels of ``log2(max(Y, 2^-12) / 0.18)``, Y linear luminance, white 1: the mean
    of the logarithm follows what most of the frame is like, and lamps hardly move it.
    """
    step = -(-max(photo.height, photo.width) // _SAMPLED_SIDE)
    # Averaging before measuring would hide single clipped pixels, so pixels are picked, not averaged.
    srgb = convert(np.ascontiguousarray(photo.pixels[::step, ::step]), photo.color_space, SRGB)
    clipped = float((srgb >= 1.0).any(axis=2).mean())
    np.clip(srgb, 0.0, 1.0, out=srgb)
    luminance = decode(srgb, "srgb") @ _REC709
    exposure = float(np.log2(np.maximum(luminance, _FLOOR) / 0.18).mean())
    counts = np.histogram(encode(luminance, "srgb"), bins=_BINS, range=(0.0, 1.0))[0]
    histogram = tuple(round(float(count) / luminance.size, 5) for count in counts)
    return Look(round(exposure, 3), round(clipped, 5), histogram, _thumbnail(srgb) if thumbnail else b"")


def warnings_of(before: Look, after: Sequence[Look], unlike_training: str = "") -> tuple[str, ...]:
    """What a person should look at, one sentence each.

    Args:
        before: the photo as it came in.
        after: its renderings.
        unlike_training: how it differs from what the model was trained on; empty where it does not.
    """
    warnings = []
    gained = max((look.clipped for look in after), default=0.0) - before.clipped
    if gained > 0.01:
        warnings.append(f"clipped: {gained:.0%} more pixels at white than before; try a lower exposure")
    if before.clipped > 0.05:
        warnings.append(f"clipped before: {before.clipped:.0%} of the photo was at white")
    if unlike_training:
        warnings.append(f"unlike the training data: {unlike_training}")
    return tuple(warnings)


def _thumbnail(srgb: np.ndarray) -> bytes:
    image = Image.fromarray(np.rint(srgb * 255).astype(np.uint8))
    image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.BOX)
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=70)
    return stored.getvalue()
