"""Exposure brought to a common level before the network sees a photo: one gain per photo, in linear light.

How many stops a dark photo lacks is a property of the whole photo, which convolutions that see a tile cannot
know. A rule predicts it from the photo's histogram; the network then sees every photo about equally bright,
and learns what is left: noise, color and local tone. Models without such a rule see photos as they are.

A rule is a network of one hidden layer, ``w2 . tanh(W1 (f - mean) / scale + b1) + b2`` of features f, kept
as a flat tuple: mean and scale (`FEATURES` each), W1 row by row, b1, w2, b2. Two numbers more may follow, its
trim (a, b): ``max(0, a - b * lacking)`` stops are taken off what a photo is predicted to lack, because the
trained network makes some photos brighter by itself. Models with a whole-photo branch need no such rule, and
none is fitted any more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

__all__ = [
    "FEATURES",
    "HEADROOM_EV",
    "THUMBNAIL",
    "brightness_features",
    "exposed",
    "exposure_gain_ev",
    "is_rule",
    "predicted_ev",
    "sampled",
    "thumbnail",
    "without_trim",
]

_PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.9)
FEATURES = 2 * (len(_PERCENTILES) + 1) + 1
"""Values of `brightness_features`."""

_DARKEST = 1e-4
_LUMINANCE = np.array((0.2126, 0.7152, 0.0722), np.float32)
_CLIPPED = 0.9
_SAMPLE = 1 << 17
_READ = 1 << 21
THUMBNAIL = 160
"""Longer side of what a photo's exposure is read from, pixels: small enough that noise is gone."""

_LOWEST_EV, _HIGHEST_EV = -1.5, 9.0

HEADROOM_EV = 0.5
"""Stops left below white: about the error of the rule, so that most photos do not clip."""

_NEARLY_RIGHT_EV = (0.6, 1.1)
_BRIGHT = (-4.0, -3.0)
"""Photos of a mean luminance above the second, log2, that lack less than the first are well exposed."""

_TRIM = 2


def sampled(view: np.ndarray) -> np.ndarray:
    """Every n-th row and column of an H x W x 3 view, at most about 130,000 pixels; float32 in [0, 1]."""
    step = max(1, math.ceil(math.sqrt(view.shape[0] * view.shape[1] / _SAMPLE)))
    part = view[step // 2 :: step, step // 2 :: step] if min(view.shape[:2]) > step else view
    return part.astype(np.float32) / np.float32(255) if part.dtype == np.uint8 else part.astype(np.float32)


def thumbnail(view: np.ndarray) -> np.ndarray:
    """A photo averaged down, in linear light, to at most `THUMBNAIL` pixels; h x w x 3, float32, linear.

    Averages of many pixels tell the same of a noisy photo and of a clean one, of a preview and of a photo at
    full size. Of more than two megapixels every n-th row and column is read.

    Args:
        view: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.
    """
    step = max(1, math.isqrt(view.shape[0] * view.shape[1] // _READ))
    part = view[step // 2 :: step, step // 2 :: step] if min(view.shape[:2]) > step else view
    encoded = part.astype(np.float32) / np.float32(255 if part.dtype == np.uint8 else 1)
    linear = _linear(np.clip(encoded, 0.0, 1.0))
    height, width = linear.shape[:2]
    scale = min(1.0, THUMBNAIL / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    channels_first = torch.from_numpy(np.ascontiguousarray(linear.transpose(2, 0, 1)))[None]
    return nn.functional.adaptive_avg_pool2d(channels_first, size)[0].permute(1, 2, 0).numpy()


def brightness_features(view: np.ndarray) -> np.ndarray:
    """What the histogram of a photo's `thumbnail` says of its exposure.

    Args:
        view: the whole photo, H x W x 3, sRGB-encoded, float in [0, 1] or uint8.

    Returns:
        `FEATURES` values, float64: log2 of percentiles and the mean of luminance and of the greatest channel,
        in linear light, and the share of pixels near white.
    """
    linear = thumbnail(view)
    greatest = linear.max(2)
    values: list[float] = []
    for light in (linear @ _LUMINANCE, greatest):
        levels = [*np.percentile(light, _PERCENTILES), light.mean()]
        values += [math.log2(level + _DARKEST) for level in levels]
    return np.array([*values, float((greatest > _CLIPPED).mean())])


def exposure_gain_ev(view: np.ndarray, rule: Sequence[float]) -> float:
    """Stops by which a photo is made brighter for a network with this rule; 0 without one.

    A photo that is bright already, and predicted to lack little, is taken to lack nothing: the rule's error
    would change it for nothing.

    Args:
        view: the whole photo; H x W x 3, sRGB-encoded, float in [0, 1] or uint8.
        rule: as `Size.exposure` holds it, or nothing.
    """
    if not rule:
        return 0.0
    features = brightness_features(view)
    lacking = float(predicted_ev(features[None], rule)[0]) + HEADROOM_EV
    bright = _step(features[len(_PERCENTILES)], *_BRIGHT)
    lacking *= 1.0 - bright * (1.0 - _step(abs(lacking), *_NEARLY_RIGHT_EV))
    at_zero, per_ev = rule[len(without_trim(rule)) :] or (0.0, 0.0)
    lacking -= max(0.0, at_zero - per_ev * max(lacking, 0.0))
    return min(max(lacking - HEADROOM_EV, _LOWEST_EV), _HIGHEST_EV)


def _step(value: float, low: float, high: float) -> float:
    """Smoothly from 0 at ``low`` to 1 at ``high``."""
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


def is_rule(values: Sequence[float]) -> bool:
    """Whether so many values can be a rule, with or without a trim."""
    return len(values) > 2 * FEATURES + 1 and (len(values) - 2 * FEATURES - 1) % (FEATURES + 2) in (0, _TRIM)


def without_trim(rule: Sequence[float]) -> tuple[float, ...]:
    """The rule as it is in training."""
    return tuple(rule[: len(rule) - (len(rule) - 2 * FEATURES - 1) % (FEATURES + 2)] if rule else ())


def predicted_ev(features: np.ndarray, rule: Sequence[float]) -> np.ndarray:
    """Stops that a rule predicts, not trimmed: N x `FEATURES` to N."""
    rule = without_trim(rule)
    hidden = (len(rule) - 2 * FEATURES - 1) // (FEATURES + 2)
    ends = np.cumsum([FEATURES, FEATURES, hidden * FEATURES, hidden, hidden])
    mean, scale, first, first_bias, second, second_bias = np.split(np.asarray(rule, np.float64), ends)
    inner = np.tanh((features - mean) / scale @ first.reshape(hidden, FEATURES).T + first_bias)
    return np.asarray(inner @ second + second_bias)


def exposed(image: Tensor, gain_ev: float) -> Tensor:
    """Multiply in linear light: any shape, sRGB-encoded in [0, 1], to the same, clipped at white."""
    if gain_ev == 0.0:
        return image
    linear = ((image + 0.055) / 1.055).pow_(2.4).where(image > 0.04045, image / 12.92)
    linear = linear.mul_(2.0**gain_ev).clamp_(0.0, 1.0)
    return (1.055 * linear.pow(1 / 2.4) - 0.055).where(linear > 0.0031308, 12.92 * linear)


def _linear(encoded: np.ndarray) -> np.ndarray:
    curved = ((encoded + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(encoded > 0.04045, curved, encoded / np.float32(12.92))
