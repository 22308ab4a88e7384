"""Fitting the rule that brings photos to a common exposure (`flow.exposure`) to training data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..camera.night import NightSettings
from ..flow.exposure import HEADROOM_EV, brightness_features, exposed, fit_exposure_rule, foretold_ev
from .simulated import SimulatedSource

__all__ = ["ExposureFit", "fit_on_photos", "fit_without_each", "wanted_gain_ev"]

_SPECIAL_WEIGHT = 0.3
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
_LOWEST_EV, _HIGHEST_EV, _HALVINGS = -3.0, 12.0, 16


@dataclass(frozen=True)
class ExposureFit:
    """A rule, and the weighted root mean square of its error in stops on what it was fitted to."""

    rule: tuple[float, ...]
    error_ev: float


def fit_on_photos(photos: Sequence[np.ndarray], nights: int = 60, seed: int = 0) -> ExposureFit:
    """Fit to random nights of clean photos (H x W x 3, uint8), ``nights`` of each.

    Plain nights count most: with lamps or uneven light, how bright a frame should be is a matter of taste.
    What a photo lacks is told without its noise, which lifts shadows and is not to stay.
    """
    return _samples_of(photos, nights, seed).fitted()


def fit_without_each(
    photos: Sequence[np.ndarray], parts: int = 8, nights: int = 60, seed: int = 0
) -> list[tuple[float, ...]]:
    """For each photo a rule fitted to the photos of the other parts: how rules do on photos they do not know.

    Photo number i belongs to part ``i % parts``. Arguments as for `fit_on_photos`.
    """
    samples = _samples_of(photos, nights, seed)
    parts = min(parts, len(photos))
    if parts < 2:
        return [samples.fitted().rule] * len(photos)
    rules = [samples.of(samples.photo % parts != part).fitted().rule for part in range(parts)]
    return [rules[index % parts] for index in range(len(photos))]


@dataclass(frozen=True)
class _Samples:
    """Random nights: features, N x `FEATURES`, stops wanted, weights, and of which photo each is."""

    features: np.ndarray
    wanted: np.ndarray
    weights: np.ndarray
    photo: np.ndarray

    def of(self, chosen: np.ndarray) -> _Samples:
        return _Samples(*(values[chosen] for values in vars(self).values()))

    def fitted(self) -> ExposureFit:
        return _fitted(self.features, self.wanted, self.weights)


def _samples_of(photos: Sequence[np.ndarray], nights: int, seed: int) -> _Samples:
    source = SimulatedSource(photos, seed)
    features, wanted, weights = [], [], []
    for index in range(len(photos)):
        random = np.random.default_rng([seed, index])
        settings = source.random_nights(index, nights, random)
        for dark, clean, reference in source.whole_photo(index, settings, random):
            features.append(brightness_features(dark))
            wanted.append(wanted_gain_ev(clean, reference))
        weights += [_weight(one) for one in settings]
    photo = np.repeat(np.arange(len(photos)), nights)
    return _Samples(np.array(features), np.array(wanted), np.array(weights), photo)


def _weight(settings: NightSettings) -> float:
    return _SPECIAL_WEIGHT if settings.lamps or settings.unevenness is not None else 1.0


def fit_on_pairs(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> ExposureFit:
    """Fit to dark photos and their references, each H x W x 3, sRGB-encoded, float in [0, 1]."""
    features, wanted = [], []
    for dark, reference in pairs:
        features.append(brightness_features(dark))
        wanted.append(wanted_gain_ev(dark, reference))
    return _fitted(np.array(features), np.array(wanted), np.ones(len(wanted)))


def _fitted(features: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> ExposureFit:
    rule = fit_exposure_rule(features, wanted, weights)
    error = foretold_ev(features, rule) + HEADROOM_EV - wanted
    return ExposureFit(rule, float(np.sqrt(np.average(error**2, weights=weights))))


def wanted_gain_ev(dark: np.ndarray, reference: np.ndarray) -> float:
    """The gain that brings a dark photo to its reference's mean luma, stops; found by bisection."""
    wanted = float((reference @ _LUMA).mean())
    image = torch.from_numpy(np.ascontiguousarray(dark, np.float32))
    low, high = _LOWEST_EV, _HIGHEST_EV
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if float((exposed(image, middle).numpy() @ _LUMA).mean()) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2
