"""What the network is shown of a photo, and what is carried around it.

The network sees sRGB-encoded values in [0, 1]. What a photo holds beyond that (colors outside sRGB,
highlights above white) is its residual in linear light; it is given back to the rendering, scaled by the
local gain:

    linear photo s = view v + residual r,  v = clip(s, 0, 1)
    result         = rendering + r * gain,  gain = max(rendering) / max(v)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ImageInputError
from ..photo import Photo
from .channels import greatest_channel, least_channel
from .guided import guided_match
from .highlights import expose, is_protected, protect
from .noise_level import NoiseLevel, trusted
from .spaces import LINEAR_SRGB, SRGB, convert, decode, encode

__all__ = ["Residual", "Tone", "from_network", "to_network"]

Tone = Callable[[np.ndarray], np.ndarray]
"""A tone curve: ... x 3 float32 in linear sRGB, unbounded, to the same."""

_BLOCK_PIXELS = 1 << 15  # a block and its temporaries stay in the processor's cache
_GUIDE_RADIUS = 8
# Beyond six stops of gain a residual is noise, whatever its size.
_MAX_GAIN = 64.0
_BLACK = np.float32(1e-5)


@dataclass(frozen=True)
class Residual:
    """What the network does not see of a photo, and what was decided once for the whole of it.

    Attributes:
        photo: the photo as developed.
        highlight: 0 where nothing in the photo is near white, 1 where it has lamps or bright signs.
        noise: standard deviation of the photo's noise by brightness, linear light.
    """

    photo: Photo
    highlight: float
    noise: NoiseLevel

    def crop(self, top: int, left: int, height: int, width: int) -> Residual:
        """The surround of a part, with what was decided for the whole."""
        pixels = self.photo.pixels[top : top + height, left : left + width]
        return replace(self, photo=self.photo.with_pixels(pixels))


def to_network(photo: Photo) -> tuple[np.ndarray, Residual]:
    """The view of a photo that the network gets, and the rest.

    Returns:
        H x W x 3 float32, sRGB-encoded, clipped to [0, 1]; and the `Residual` for `from_network`.

    Raises:
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    pixels = photo.pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ImageInputError(f"a photo's pixels are H x W x 3; given {pixels.shape}")
    view = np.empty(pixels.shape, np.float32)
    bright = np.zeros(257, np.int64)
    for rows in _blocks(photo):
        block = convert(pixels[rows], photo.color_space, SRGB)
        if not np.isfinite(block).all():
            raise ImageInputError("the photo holds pixels that are not finite (NaN or infinite)")
        np.clip(block, 0.0, 1.0, out=view[rows])
        peak = greatest_channel(view[rows])
        bright += np.bincount((peak * 256).astype(np.intp).reshape(-1), minlength=257)
    return view, Residual(photo, _highlight(bright), NoiseLevel.of_photo(photo))


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
) -> Photo:
    """A rendering as a photo in the color space of the one it came from.

    Args:
        rendering: H x W x 3 float32, sRGB-encoded; what is outside [0, 1] is clipped.
        surround: as `to_network` returned it.
        strength: 0 gives the photo as developed, 1 the rendering; between, a blend of sRGB-encoded values.
        exposure_ev: EV added to the rendering in linear light.
        protect_highlights: keep lamps and signs: their color, their core, the detail in them.
        denoise_only: keep the brightness and color of the input, take only the noise of the rendering.
        tone: a curve of the result, applied before it is blended with the photo.
        gain: of the rendering in linear sRGB with highlights protected, H x W x 3 float32.

    Returns:
        the photo with new pixels; values outside [0, 1] are kept, as in the input.

    Raises:
        ImageInputError: the rendering is of another size than the photo.
    """
    photo = residual.photo
    rendering = np.asarray(rendering, np.float32)
    if rendering.shape != photo.pixels.shape:
        raise ImageInputError(f"the rendering is {rendering.shape}, the photo {photo.pixels.shape}")
    if strength == 0.0:
        return photo.with_pixels(photo.pixels.copy())
    out = np.empty(photo.pixels.shape, np.float32)
    for rows in _blocks(photo):
        shown = _denoised_rows(rendering, photo, rows) if denoise_only else np.clip(rendering[rows], 0, 1)
        if strength == 1.0 and not exposure_ev and tone is None and gain is None:
            _keep(photo.pixels[rows], shown, residual, protect_highlights, out=out[rows])
            continue
        linear = convert(photo.pixels[rows], photo.color_space, LINEAR_SRGB)
        result = _with_residual(linear, decode(shown, "srgb"), residual, protect_highlights)
        if gain is not None:
            result *= gain[rows]
        if exposure_ev:
            result = expose(result, exposure_ev, keep_white=protect_highlights)
        if tone is not None:
            result = tone(result)
        if strength < 1.0:
            mixed = encode(linear, "srgb") * np.float32(1.0 - strength)
            mixed += encode(result, "srgb") * np.float32(strength)
            result = decode(mixed, "srgb")
        convert(result, LINEAR_SRGB, photo.color_space, out=out[rows])
    return photo.with_pixels(out)


def _blocks(photo: Photo) -> Iterator[slice]:
    step = max(1, _BLOCK_PIXELS // photo.width)
    for start in range(0, photo.height, step):
        yield slice(start, min(start + step, photo.height))


def _highlight(histogram: np.ndarray) -> float:
    """How bright the brightest thousandth of the view is, as a weight: 0 below 0.6, 1 from 0.95 (encoded)."""
    from_top = np.cumsum(histogram[::-1])[::-1]
    level = float(np.flatnonzero(from_top >= max(1, histogram.sum() // 1000)).max()) / 256
    t = min(max((level - 0.6) / 0.35, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _keep(
    pixels: np.ndarray, shown: np.ndarray, residual: Residual, protect_highlights: bool, out: np.ndarray
) -> None:
    """Rows of the rendering as they are, but for the pixels of which something is kept: most have nothing.

    Args:
        pixels: rows x W x 3 of the photo, in its color space.
        shown: the same of the rendering, sRGB-encoded in [0, 1].
        out: where to put the result, in the photo's color space.
    """
    space = residual.photo.color_space
    encoded = pixels if space == SRGB else convert(pixels, space, SRGB)
    peak = greatest_channel(encoded)
    kept = peak > 1.0
    if float(encoded.min()) < 0.0:
        kept |= least_channel(encoded) < 0.0
    if protect_highlights:
        kept |= is_protected(peak, greatest_channel(shown), residual.highlight)
    convert(shown, SRGB, space, out=out)
    if kept.any():
        linear = convert(pixels[kept], space, LINEAR_SRGB)
        result = _with_residual(linear, decode(shown[kept], "srgb"), residual, protect_highlights)
        out[kept] = convert(result, LINEAR_SRGB, space)


def _with_residual(
    linear: np.ndarray, rendered: np.ndarray, residual: Residual, protect_highlights: bool
) -> np.ndarray:
    """The rendering with lamps kept and the residual given back: ... x 3, linear sRGB, unbounded."""
    view = np.clip(linear, 0.0, 1.0)
    outside = linear - view
    if protect_highlights:
        rendered = protect(rendered, view, residual.highlight)
    peak = greatest_channel(view)
    # Where both are black the gain is 1, and an unchanged view gives the photo back unchanged.
    gain = (greatest_channel(rendered) + _BLACK) / (peak + _BLACK)
    np.minimum(gain, np.float32(_MAX_GAIN), out=gain)
    gain *= trusted(outside, peak, gain, residual.noise)
    outside *= gain[..., None]
    outside += rendered
    return np.asarray(outside)


def _denoised_rows(rendering: np.ndarray, photo: Photo, rows: slice) -> np.ndarray:
    """Rows of the guided match; its margin makes the blocks agree with the whole photo."""
    margin = 2 * _GUIDE_RADIUS
    top, bottom = max(0, rows.start - margin), min(photo.height, rows.stop + margin)
    guide = np.clip(rendering[top:bottom], 0.0, 1.0)
    view = np.clip(convert(photo.pixels[top:bottom], photo.color_space, SRGB), 0.0, 1.0)
    matched = guided_match(view, guide, _GUIDE_RADIUS)
    return np.asarray(np.clip(matched[rows.start - top : rows.stop - top], 0.0, 1.0))
