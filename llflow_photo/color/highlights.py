"""Protection of highlights (lamps, signs), and exposure changes that preserve them."""

from __future__ import annotations

import numpy as np

from .channels import greatest_channel, least_channel
from .spaces import SRGB, decode, encode, luminance_weights

__all__ = ["expose", "is_protected", "protect", "smoothstep"]

_TINY = np.float32(1e-6)
_LUMINANCE = luminance_weights(SRGB).astype(np.float32)
# Encoded brightness of the input at which protection begins, and at which it is complete.
_PROTECT_FROM, _PROTECT_FULL = 0.6, 0.95
# Least share of the input's chromaticity; luma by which the rendering exceeds the input at which the share
# begins to fall from 1, and at which it is the least; purity of colors at which it begins to rise to 1 again.
_LEAST_COLOR, _PALER, _PURE_FROM = np.float32(0.5), (0.02, 0.12), 0.85
# Distance from white (encoded) of a saturated rendering whose input is not saturated.
_ROOM = 0.15
# Encoded brightness of the rendering at which saturation begins, and at which it is complete.
_BRIGHT_FROM, _BRIGHT_FULL = 0.75, 1.0
# Linear value up to which a positive exposure is a constant gain.
_KNEE = 0.5


def smoothstep(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """Smoothstep: 0 up to ``low``, 1 from ``high``, a cubic with flat ends between; float32."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0.0, 1.0).astype(np.float32, copy=False)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def is_protected(level_view: np.ndarray, level: np.ndarray, highlight: float) -> np.ndarray:
    """Mask of the pixels that `protect` changes.

    Args:
        level_view, level: greatest channel of view and rendering, sRGB-encoded, of the same shape.
        highlight: see `protect`.
    """
    kept: np.ndarray = level_view > _PROTECT_FROM
    if highlight > 0:
        kept |= (level > _BRIGHT_FROM) & (level > level_view)
    return kept


def protect(rendered: np.ndarray, view: np.ndarray, highlight: float) -> np.ndarray:
    """Restore the highlights of the input in a rendering.

    Where the input is bright, the result is as bright or brighter and has its chromaticity, but only by half
    where the rendering has more luma and the color is not pure, as that of neon signs is. The glow of a lamp
    on a wall, which the rendering makes brighter and paler, would otherwise end in a ring. Where the
    rendering saturates and the input does not, the result is kept below white, so that the letters of a sign
    and the core of a lamp remain brighter than what they illuminate. All weights are smooth functions of the
    pixel, and where the rendering equals the view, so does the result.

    Args:
        rendered, view: ... x 3 float32, linear sRGB in [0, 1].
        highlight: 0 to 1, whether the photo has areas near white.
    """
    peak_view, peak_rendered = greatest_channel(view), greatest_channel(rendered)
    level_view, level = encode(peak_view, "srgb"), encode(peak_rendered, "srgb")
    weight = smoothstep(_PROTECT_FROM, _PROTECT_FULL, level_view)
    lift = np.maximum(level - level_view, 0.0)
    room = np.float32(_ROOM * highlight) * (1.0 - weight) * smoothstep(_BRIGHT_FROM, _BRIGHT_FULL, level)
    # Half the harmonic mean: a smooth approximation of the smaller one.
    level = level - room * lift / np.maximum(room + lift, _TINY)
    level += weight * np.maximum(level_view - level, 0.0)
    target = decode(level, "srgb")
    purity = 1.0 - least_channel(view) / np.maximum(peak_view, _TINY)
    paler = smoothstep(*_PALER, _luma(rendered) - _luma(view)) * (1.0 - smoothstep(_PURE_FROM, 1.0, purity))
    weight *= 1.0 - (1.0 - _LEAST_COLOR) * paler
    own = rendered * ((1.0 - weight) * target / np.maximum(peak_rendered, _TINY))[..., None]
    own += view * (weight * target / np.maximum(peak_view, _TINY))[..., None]
    return np.asarray(own, np.float32)


def _luma(linear: np.ndarray) -> np.ndarray:
    """Encoded luminance of linear sRGB."""
    return encode(linear @ _LUMINANCE, "srgb")


def expose(pixels: np.ndarray, exposure_ev: float, *, keep_white: bool) -> np.ndarray:
    """Change the exposure of linear pixels, H x W x 3, by ``exposure_ev``.

    With ``keep_white``, white and values above it do not change: a positive exposure is a gain up to half of
    white, followed by a rational shoulder to white; a negative one is a gain except for highlights. The curve
    is applied to the maximum channel and scales all three, which preserves hues.
    """
    gain = np.float32(2.0**exposure_ev)
    if not keep_white:
        return pixels * gain
    peak = np.maximum(greatest_channel(pixels), _TINY)
    factor = np.where(peak < 1.0, _curve(np.minimum(peak, 1.0), gain) / peak, np.float32(1.0))
    return np.asarray(pixels * factor[..., None], np.float32)


def _curve(peak: np.ndarray, gain: np.float32) -> np.ndarray:
    """A monotone curve through 0 and 1 with slope ``gain`` at 0."""
    if gain <= 1.0:
        return np.asarray(gain * peak + (1 - gain) * peak**4, np.float32)
    start = np.float32(_KNEE) / gain
    slope = gain * (1 - start) / np.float32(1 - _KNEE)
    u = np.maximum(peak - start, 0.0) / (1 - start)
    shoulder = _KNEE + (1 - _KNEE) * slope * u / (1 + (slope - 1) * u)
    return np.where(peak <= start, gain * peak, shoulder).astype(np.float32)
