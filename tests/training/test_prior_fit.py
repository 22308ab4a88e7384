"""Fitting the prior to residuals, and what is measured on renderings."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from llflow_photo.flow import LLFlow, Size
from llflow_photo.flow.basis import DIRECTIONS, LATENT_CHANNELS
from llflow_photo.flow.prior import LatentPrior
from llflow_photo.flow.sizes import UNetSize
from llflow_photo.training.pairs import LoadedPair
from llflow_photo.training.prior_fit import (
    fit_prior,
    fit_response,
    fitted_prior,
    residual_of,
    standardized_residuals,
)

SIZE = Size(UNetSize((4, 4, 4), (1, 1, 1), (1, 1), 8), steps=(1, 1, 1), hidden=4, prior=True)


@pytest.fixture
def known() -> LatentPrior:
    generator = torch.Generator().manual_seed(0)
    prior = LatentPrior()
    prior.directions.copy_(torch.linalg.qr(torch.randn(LATENT_CHANNELS, DIRECTIONS, generator=generator))[0])
    prior.spread.copy_(torch.linspace(4, 1, DIRECTIONS)[:, None].expand_as(prior.spread))
    prior.detail.fill_(0.5)
    prior.mean.copy_(3 * torch.randn(LATENT_CHANNELS, generator=generator))
    return prior


def test_a_known_prior_is_recovered(known: LatentPrior) -> None:
    residuals = known.sample((8, 10), 400, torch.Generator().manual_seed(1))
    found = fit_prior(residuals)
    assert float((found.mean - known.mean).norm()) < 0.02 * float(known.mean.norm())
    overlap = torch.linalg.svdvals(found.directions.T @ known.directions)
    assert float(overlap.min()) > 0.99
    torch.testing.assert_close(found.spread[:, 0], known.spread[:, 0], rtol=0.15, atol=0.1)
    torch.testing.assert_close(found.detail, known.detail, rtol=0.05, atol=0)
    parts = standardized_residuals(known, residuals)
    assert list(parts.values()) == pytest.approx([1, 1, 1], abs=0.05)


def _pairs(count: int) -> list[LoadedPair]:
    random = np.random.default_rng(2)
    pairs = []
    for _ in range(count):
        coarse = random.uniform(40, 220, (4, 5, 3))
        high = np.kron(coarse, np.ones((16, 16, 1))) + random.normal(0, 8, (64, 80, 3))
        high = np.clip(high * random.uniform(0.7, 1.2), 0, 255).astype(np.uint8)
        pairs.append(LoadedPair((high * 0.8).astype(np.uint8), high))
    return pairs


def test_the_first_direction_is_brightness_and_random_looks_keep_the_mean_brightness() -> None:
    torch.manual_seed(0)
    flow = LLFlow(SIZE).eval()
    pairs = _pairs(6)
    prior = fitted_prior(flow, pairs)
    assert all(math.isfinite(value) and value > 0 for value in prior.response.tolist())

    def light(pair: LoadedPair, offset: torch.Tensor) -> float:
        dark = torch.from_numpy(pair.low).permute(2, 0, 1)[None] / 255.0
        with torch.no_grad():
            conditioning = flow.encode(dark)
            latent = conditioning.mean + offset.view(1, -1, 1, 1)
            return float(flow.decode(conditioning, latent).clamp(0, 1).mean())

    changes = np.array(
        [
            [
                light(pair, prior.mean + step) - light(pair, prior.mean - step)
                for step in (prior.directions * prior.spread[:, 0]).T
            ]
            for pair in pairs
        ]
    ).mean(0)
    assert (changes > -1e-3).all() and changes.argmax() == 0
    looks = prior.sample_looks((8, 10), 200, torch.Generator().manual_seed(3))
    of_frame = (looks.mean((2, 3)) - prior.mean) * prior.response[0]
    drawn = np.array([[light(pair, prior.mean + look) for look in of_frame[:40]] for pair in pairs])
    guesses = np.array([light(pair, torch.zeros(LATENT_CHANNELS)) for pair in pairs])
    # Within the standard error of 40 looks.
    assert abs(drawn.mean() - guesses.mean()) < 3 * drawn.std(1).mean() / math.sqrt(40) + 1e-3


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_renderings_differ_from_the_guess_as_much_as_references(factor: float) -> None:
    """References are drawn from the prior; the response makes up for looks that are too strong."""
    torch.manual_seed(0)
    flow = LLFlow(SIZE).eval()
    random = np.random.default_rng(0)
    known = LatentPrior()
    known.spread.fill_(0.5)
    known.detail.fill_(0.01)
    pairs = []
    for number in range(8):
        dark = random.uniform(20, 60, (64, 80, 3)).astype(np.float32)
        with torch.no_grad():
            conditioning = flow.encode(torch.from_numpy(dark).permute(2, 0, 1)[None] / 255.0)
            offset = known.sample((8, 10), 1, torch.Generator().manual_seed(number))
            drawn = flow.decode(conditioning, conditioning.mean + offset)
        pairs.append(LoadedPair(dark, (255 * drawn[0].permute(1, 2, 0)).numpy()))
    prior = fit_prior(residual_of(flow, pair) for pair in pairs)
    prior.spread *= factor
    fit_response(flow, pairs, prior)
    assert (prior.response * factor).tolist() == pytest.approx([1, 1], abs=0.15)
