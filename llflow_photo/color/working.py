"""Conversion of a photo to network input and residual, and of a rendering back to a photo.

The input of the network is sRGB-encoded values in [0, 1], the view of the photo. What it does not contain
(colors outside sRGB, highlights above white) is the residual, in linear light. It is added to the rendering,
scaled by the local gain:

    linear photo s = view v + residual r,  v = clip(s, 0, 1)
    result         = rendering + r * gain,  gain = max(rendering) / max(v)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..callbacks import Cancel, Progress, raise_if_cancelled
from ..errors import ImageInputError
from ..photo import Photo
from .channels import greatest_channel, least_channel
from .guided import guided_match
from .highlight_weight import HighlightWeight
from .highlights import expose, is_protected, protect
from .noise_level import NoiseLevel, trusted
from .shadow_curve import ShadowCurve
from .spaces import LINEAR_SRGB, SRGB, convert, decode, encode
from .view_rows import view_rows

__all__ = ["Neutral", "Residual", "Tone", "from_network", "to_network"]

Tone = Callable[[np.ndarray], np.ndarray]
"""A tone curve: a function from ... x 3 float32 in linear sRGB, unbounded, to the same."""
Neutral = Callable[[np.ndarray, slice], np.ndarray]
"""A function of rows of a picture, sRGB-encoded, and their slice: the rows, gray in some places."""

_BLOCK_PIXELS = 1 << 15  # a block and its temporaries fit into the processor's cache
_GUIDE_RADIUS = 8
_OFFSET_RADIUS = 16
_ROWS_OF_GUIDED_BLOCK = 128  # several times its margins
# At a gain of more than six stops, a residual of any size is noise.
_MAX_GAIN = 64.0
_BLACK = np.float32(1e-5)


@dataclass(frozen=True)
class Residual:
    """The part of a photo that the network does not see: colors outside sRGB and highlights above white.

    It is stored as the photo itself, from which `from_network` subtracts the view, together with statistics
    of the whole photo.

    Attributes:
        photo: the photo as developed.
        highlight: weight of highlights, 0 if no part of the photo is near white, 1 if it has lamps or bright
            signs.
        noise: standard deviation of the photo's noise by brightness, linear light.
    """

    photo: Photo
    highlight: float
    noise: NoiseLevel

    def crop(self, top: int, left: int, height: int, width: int) -> Residual:
        """The residual of a part of the photo, with the statistics of the whole photo."""
        pixels = self.photo.pixels[top : top + height, left : left + width]
        return replace(self, photo=self.photo.with_pixels(pixels))


def to_network(
    photo: Photo, cancel: Cancel | None = None, noise: NoiseLevel | None = None
) -> tuple[np.ndarray, Residual]:
    """Split a photo into the input of the network and the residual.

    Args:
        cancel: called before each block of rows.
        noise: of the whole photo, if ``photo`` is only part of it; by default it is estimated.

    Returns:
        H x W x 3 float32, sRGB-encoded, clipped to [0, 1]: the array of the photo's pixels if they are that,
        otherwise a new one; and the `Residual` for `from_network`.

    Raises:
        ImageInputError: the pixels are not H x W x 3 or not finite.
        CancelledError: ``cancel`` returned true.
    """
    pixels, highlight = photo.pixels, HighlightWeight()
    view = pixels
    for rows, encoded, _ in view_rows(photo, cancel):
        highlight.add(encoded)
        if view is pixels and (encoded.dtype != pixels.dtype or not np.array_equal(encoded, pixels[rows])):
            view = np.empty(pixels.shape, np.float32)
            view[: rows.start] = pixels[: rows.start]
        if view is not pixels:
            view[rows] = encoded
    return view, Residual(photo, highlight.value(), noise or NoiseLevel.of_photo(photo))


def from_network(
    rendering: np.ndarray,
    residual: Residual,
    *,
    strength: float = 1.0,
    exposure_ev: float = 0.0,
    protect_highlights: bool = True,
    denoise_only: bool = False,
    tone: Tone | None = None,
    gain: np.ndarray | None = None,
    neutral: Neutral | None = None,
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> Photo:
    """Convert a rendering to a photo in the color space of the source photo.

    Args:
        rendering: H x W x 3 float32, sRGB-encoded; values are clipped to [0, 1].
        residual: residual of the photo, from `to_network`.
        strength: 0 for the photo as developed, 1 for the rendering; a blend of sRGB-encoded values between
            them.
        exposure_ev: EV added to the rendering in linear light.
        protect_highlights: preserve color, core and detail of lamps and signs.
        denoise_only: keep the brightness and color of the photo, and remove its noise only.
        tone: tone curve, applied to the result before blending with the photo.
        gain: gain of the rendering in linear sRGB, after highlight protection, H x W x 3 float32.
        neutral: applied to the rendering, or with ``denoise_only`` to the denoised photo, and to the photo
            before its residual is computed.
        cancel: called before each block of rows.
        progress: called with the number of rows done and of all.

    Returns:
        the photo with new pixels; values outside [0, 1] are kept.

    Raises:
        ImageInputError: rendering and photo differ in size.
        CancelledError: ``cancel`` returned true.
    """
    photo = residual.photo
    rendering = np.asarray(rendering, np.float32)
    if rendering.shape != photo.pixels.shape:
        raise ImageInputError(f"the rendering is {rendering.shape}, the photo {photo.pixels.shape}")
    if strength == 0.0:
        return photo.with_pixels(photo.pixels.copy())
    out = np.empty(photo.pixels.shape, np.float32)
    for rows in _blocks(photo, _ROWS_OF_GUIDED_BLOCK if denoise_only else 1):
        raise_if_cancelled(cancel)
        if progress:
            progress(rows.start, photo.height)
        shown = _denoised_rows(rendering, photo, rows) if denoise_only else np.clip(rendering[rows], 0, 1)
        here = _in_rows(neutral, rows)
        if here is not None:
            shown = here(shown)
        pixels, gain_here = photo.pixels[rows], None if gain is None else gain[rows]
        kept, corrected = _corrected(pixels, shown, residual, protect_highlights, gain_here, here)
        if strength == 1.0 and not exposure_ev and tone is None:
            convert(shown, SRGB, photo.color_space, out=out[rows])
            out[rows][kept] = convert(corrected, LINEAR_SRGB, photo.color_space)
            continue
        result = decode(shown, "srgb")
        result[kept] = corrected
        if exposure_ev:
            result = expose(result, exposure_ev, keep_white=protect_highlights)
        if tone is not None:
            result = tone(result)
        if strength < 1.0:
            mixed = convert(pixels, photo.color_space, SRGB) * np.float32(1.0 - strength)
            mixed += encode(result, "srgb") * np.float32(strength)
            result = decode(mixed, "srgb")
        convert(result, LINEAR_SRGB, photo.color_space, out=out[rows])
    if progress:
        progress(photo.height, photo.height)
    return photo.with_pixels(out)


def _blocks(photo: Photo, least_rows: int = 1) -> Iterator[slice]:
    step = max(least_rows, _BLOCK_PIXELS // photo.width)
    for start in range(0, photo.height, step):
        yield slice(start, min(start + step, photo.height))


def _in_rows(neutral: Neutral | None, rows: slice) -> Callable[[np.ndarray], np.ndarray] | None:
    return None if neutral is None else lambda encoded: neutral(encoded, rows)


def _corrected(
    pixels: np.ndarray,
    shown: np.ndarray,
    residual: Residual,
    protect_highlights: bool,
    gain: np.ndarray | None,
    neutral: Callable[[np.ndarray], np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """The pixels of the rendering that change: those with a residual, a protected highlight or a gain.

    Args:
        pixels: rows x W x 3 of the photo, in its color space.
        shown: rows x W x 3 of the rendering, sRGB-encoded in [0, 1].
        gain: rows x W x 3, gain of the rendering in linear light.
        neutral: see `from_network`; where it makes the photo gray, there is no residual.

    Returns:
        mask of these pixels, rows x W bool; and their values, N x 3, linear sRGB, unbounded.
    """
    space = residual.photo.color_space
    encoded = pixels if space == SRGB else convert(pixels, space, SRGB)
    clean = encoded if neutral is None else neutral(encoded)
    peak = greatest_channel(clean)
    kept = peak > 1.0
    if float(clean.min()) < 0.0:
        kept |= least_channel(clean) < 0.0
    if protect_highlights:
        kept |= is_protected(peak, greatest_channel(shown), residual.highlight)
    if gain is not None:
        kept |= (greatest_channel(gain) != 1.0) | (least_channel(gain) != 1.0)
    linear = convert(pixels[kept], space, LINEAR_SRGB) if clean is encoded else decode(clean[kept], "srgb")
    result = _with_residual(linear, decode(shown[kept], "srgb"), residual, protect_highlights)
    if gain is not None:
        result *= gain[kept]
    return kept, result


def _with_residual(
    linear: np.ndarray, rendered: np.ndarray, residual: Residual, protect_highlights: bool
) -> np.ndarray:
    """The rendering with protected highlights and the scaled residual: ... x 3, linear sRGB, unbounded."""
    view = np.clip(linear, 0.0, 1.0)
    outside = linear - view
    if protect_highlights:
        rendered = protect(rendered, view, residual.highlight)
    peak = greatest_channel(view)
    # If both are black the gain is 1, so that an unchanged view reproduces the photo.
    gain = (greatest_channel(rendered) + _BLACK) / (peak + _BLACK)
    np.minimum(gain, np.float32(_MAX_GAIN), out=gain)
    gain *= trusted(outside, peak, gain, residual.noise)
    outside *= gain[..., None]
    outside += rendered
    return np.asarray(outside)


def _denoised_rows(rendering: np.ndarray, photo: Photo, rows: slice) -> np.ndarray:
    """Rows of the guided match, with a margin that makes them independent of the block size."""
    curve: ShadowCurve | None = (photo.metadata.raw or {}).get("shadow_curve")
    margin = 2 * (_GUIDE_RADIUS if curve is None else _GUIDE_RADIUS + _OFFSET_RADIUS)
    top, bottom = max(0, rows.start - margin), min(photo.height, rows.stop + margin)
    guide = np.clip(rendering[top:bottom], 0.0, 1.0)
    view = np.clip(convert(photo.pixels[top:bottom], photo.color_space, SRGB), 0.0, 1.0)
    matched = guided_match(view, guide, _GUIDE_RADIUS)
    if curve is not None:
        # Smoothed, as the curve is steep near black and would amplify what is left of the noise.
        offsets = np.stack([curve.offset(matched[..., c], c) for c in range(3)], axis=-1)
        matched += guided_match(offsets, guide, _OFFSET_RADIUS)
    return np.asarray(np.clip(matched[rows.start - top : rows.stop - top], 0.0, 1.0))
