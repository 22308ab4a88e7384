"""Fitting the kernel regression of the whole-photo branch to simulated nights of a run's photos."""

from __future__ import annotations

import logging

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..camera.night import night
from ..camera.sensors import ILLUMINANTS
from ..flow.plain_nights import PlainNights, exposure_between, has_light, layout_of
from ..flow.whole_photo import GRID, Tones
from .frames import random_frame, whole_frame
from .simulated import SimulatedSource

__all__ = ["FEWEST_PHOTOS", "fit_plain_nights"]

FEWEST_PHOTOS = 200
"""From fewer photos, a regression that is already fitted is not fitted again."""

NIGHTS = 20
"""Nights per photo, half of them simple ones, without errors of the camera, half of them random."""

_WHOLE_EVERY = 3
_DARKEST_EV, _BRIGHTEST_EV = -6.0, -1.0
_LEAST_SHOT, _MOST_SHOT = 0.0002, 0.006
"""Range of the shot noise of simple nights; its logarithm is uniform."""
_WELL_EXPOSED_EV = -0.75
"""Frames above this exposure do not count as nights: the network is to leave them as they are."""
_RIDGE, _TINY = 0.1, 1e-6
_SEED = 0
"""Always the same, so that the weights of several runs with the same photos can be averaged."""

_logger = logging.getLogger(__name__)


@torch.no_grad()
def fit_plain_nights(regression: PlainNights, tones: Tones, source: SimulatedSource) -> None:
    """Fit the gain of plain nights, and which frames are plain, in place.

    `NIGHTS` thumbnails of each photo are simulated, which takes 5 ms each. Black ones are left out.

    Args:
        tones: computes the quantiles.
        source: the training photos.
    """
    _logger.info("fitting the regression of plain nights to %d photos", len(source.photos))
    random = np.random.default_rng(_SEED)
    quantiles, layouts, gains, plain = [], [], [], []
    for index in range(len(source.photos)):
        low, high, are_plain = _nights_of(source, index, random)
        light, bright = (functional.adaptive_avg_pool2d(frames, GRID) for frames in (low, high))
        lit = has_light(light) & has_light(bright)
        low, light, bright, are_plain = (values[lit] for values in (low, light, bright, are_plain))
        gains.append(exposure_between(light, bright))
        quantiles.append(tones.quantiles_of(low.clamp(0.0, 1.0)))
        layouts.append(layout_of(low))
        plain.append(are_plain)
    regression.mean.copy_(torch.cat(quantiles).mean(0))
    regression.scale.copy_(torch.cat(quantiles).std(0).mean())
    features = regression.features(torch.cat(quantiles), torch.cat(layouts))
    _fit(regression, features, torch.cat(gains).double(), torch.cat(plain), random)


def _nights_of(
    source: SimulatedSource, index: int, random: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Thumbnails of a photo and its parts at night and of their references, and which nights are plain."""
    shape = source.photos[index].shape
    pairs, plain = [], []
    for number in range(NIGHTS):
        frame = random_frame(random, shape) if number % _WHOLE_EVERY else whole_frame(shape)
        if number % 2:
            settings = source.random_night(frame, random)
        else:
            light = tuple(ILLUMINANTS)[random.integers(len(ILLUMINANTS))]
            exposure_ev = float(random.uniform(_DARKEST_EV, _BRIGHTEST_EV))
            shot = float(np.exp(random.uniform(np.log(_LEAST_SHOT), np.log(_MOST_SHOT))))
            settings = night(exposure_ev, light, shot=shot)
        pairs.append(source.thumbnails(index, settings, random, frame))
        plain.append(settings.plain and settings.exposure_ev < _WELL_EXPOSED_EV)
    low, high = (np.stack([pair[side] for pair in pairs]).transpose(0, 3, 1, 2) for side in (0, 1))
    return torch.from_numpy(low), torch.from_numpy(high), torch.tensor(plain)


def _fit(
    regression: PlainNights, features: Tensor, gains: Tensor, plain: Tensor, random: np.random.Generator
) -> None:
    """Fit to N frames; if there are fewer than centers, the others are zero and weigh next to nothing."""
    chosen = torch.from_numpy(random.permutation(len(features))[: len(regression.points)])
    regression.points[: len(chosen)] = features[chosen].half().float()  # as they are stored
    kernel = regression.kernel(features)
    between = regression.kernel(regression.points) * _RIDGE
    between += _TINY * torch.eye(len(between), dtype=between.dtype)
    of_plain = kernel[plain]
    mean_gain = gains[plain].mean()
    for number, (seen, wanted) in enumerate(((of_plain, gains[plain] - mean_gain), (kernel, plain.double()))):
        solution = torch.linalg.solve(seen.T @ seen + between, seen.T @ wanted)
        regression.coefficients[:, number] = solution.to(regression.coefficients)
    regression.offset[0] = mean_gain
