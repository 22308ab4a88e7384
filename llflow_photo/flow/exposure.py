"""Exposure brought to a common level before the network sees a photo: one gain per photo, in linear light.

How many stops a dark photo lacks is a property of the whole photo, which convolutions that see a tile cannot
know. A linear rule on the photo's histogram foretells it; the network then sees every photo about equally
bright, and learns what is left: noise, color and local tone. Models without such a rule see photos as they
are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

__all__ = ["FEATURES", "brightness_features", "exposed", "exposure_gain_ev", "fit_exposure_rule", "sampled"]

_PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.9)
FEATURES = 2 * (len(_PERCENTILES) + 1) + 1
"""Values of `brightness_features`; a rule has one coefficient for each, and a constant."""

_DARKEST = 1e-4
_LUMINANCE = np.array((0.2126, 0.7152, 0.0722), np.float32)
_CLIPPED = 0.9
_SAMPLE = 1 << 17
_LOWEST_EV, _HIGHEST_EV = -1.5, 9.0
_RIDGE = 1.0


def sampled(view: np.ndarray) -> np.ndarray:
    """Every n-th row and column of an H x W x 3 view, at most about 130,000 pixels; float32 in [0, 1]."""
    step = max(1, math.ceil(math.sqrt(view.shape[0] * view.shape[1] / _SAMPLE)))
    part = view[step // 2 :: step, step // 2 :: step] if min(view.shape[:2]) > step else view
    return part.astype(np.float32) / np.float32(255) if part.dtype == np.uint8 else part.astype(np.float32)


def brightness_features(view: np.ndarray) -> np.ndarray:
    """What a photo's histogram says of its exposure.

    Args:
        view: H x W x 3, sRGB-encoded, float in [0, 1].

    Returns:
        `FEATURES` values, float64: log2 of percentiles and the mean of luminance and of the greatest channel,
        in linear light, and the share of pixels near white.
    """
    linear = _linear(np.clip(view, 0.0, 1.0).astype(np.float32))
    greatest = linear.max(2)
    values: list[float] = []
    for light in (linear @ _LUMINANCE, greatest):
        levels = [*np.percentile(light, _PERCENTILES), light.mean()]
        values += [math.log2(level + _DARKEST) for level in levels]
    return np.array([*values, float((greatest > _CLIPPED).mean())])


def exposure_gain_ev(view: np.ndarray, rule: Sequence[float]) -> float:
    """Stops by which a photo is made brighter for a network with this rule; 0 without one.

    Args:
        view: the whole photo, or a sample of its pixels; H x W x 3, sRGB-encoded, float in [0, 1] or uint8.
        rule: `FEATURES` coefficients and a constant, or nothing.
    """
    if not rule:
        return 0.0
    foretold = float(brightness_features(sampled(view)) @ np.asarray(rule[:-1]) + rule[-1])
    return min(max(foretold, _LOWEST_EV), _HIGHEST_EV)


def fit_exposure_rule(
    features: np.ndarray, wanted_ev: np.ndarray, headroom_ev: float, weights: np.ndarray | None = None
) -> tuple[float, ...]:
    """Ridge regression of the stops dark photos lack on their features.

    Args:
        features: N x `FEATURES`.
        wanted_ev: N gains that give the references' brightness.
        headroom_ev: stops less than foretold, so that what is foretold too bright does not clip.
        weights: N, how much each photo counts; by default all the same.
    """
    columns = np.column_stack([features, np.ones(len(features))])
    weighted = columns if weights is None else columns * weights[:, None]
    normal = weighted.T @ columns + _RIDGE * np.eye(columns.shape[1])
    rule = np.linalg.solve(normal, weighted.T @ (wanted_ev - headroom_ev))
    return tuple(float(f"{value:.6g}") for value in rule)


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
