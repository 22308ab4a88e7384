"""The latent's prior against the full covariance matrix, in float64."""

from __future__ import annotations

import math

import pytest
import torch

from llflow_photo.flow.basis import BANDS, DIRECTIONS, LATENT_CHANNELS, ORDERS, cosines
from llflow_photo.flow.prior import LatentPrior, with_complete_prior


@pytest.fixture
def prior() -> LatentPrior:
    generator = torch.Generator().manual_seed(0)
    prior = LatentPrior().double()
    directions, _ = torch.linalg.qr(torch.randn(LATENT_CHANNELS, DIRECTIONS, generator=generator).double())
    prior.directions.copy_(directions)
    prior.spread.copy_(0.2 + torch.rand(DIRECTIONS, 1 + BANDS, generator=generator))
    prior.detail.copy_(0.5 + torch.rand(DIRECTIONS + 1, generator=generator))
    prior.mean.copy_(torch.randn(LATENT_CHANNELS, generator=generator))
    return prior


def covariance(prior: LatentPrior, frame: tuple[int, int], rows: range, columns: range) -> torch.Tensor:
    """Written out from the definition, channel by position: C is 192 n x 192 n."""
    places = [(y, x) for y in rows for x in columns]

    def phi(order: int, place: int, total: int) -> float:
        if order >= total:
            return 0.0
        return math.sqrt(2) * math.cos(math.pi * order * (place + 0.5) / total) if order else 1.0

    projector = prior.directions @ prior.directions.T
    noise = prior.detail[-1] ** 2 * (torch.eye(LATENT_CHANNELS).double() - projector)
    noise += prior.directions @ torch.diag(prior.detail[:-1] ** 2) @ prior.directions.T
    total = torch.kron(noise, torch.eye(len(places)).double())
    for band in range(BANDS + 1):
        orders = [order for order in ORDERS if round(math.hypot(*order)) == band]
        for i, k in orders:
            field = torch.tensor([phi(i, y, frame[0]) * phi(k, x, frame[1]) for y, x in places]).double()
            variance = torch.diag(prior.spread[:, band] ** 2 / len(orders))
            total += torch.kron(prior.directions @ variance @ prior.directions.T, torch.outer(field, field))
    return total


@pytest.mark.parametrize(
    ("frame", "rows", "columns"),
    [((2, 3), range(2), range(3)), ((3, 1), range(3), range(1)), ((9, 7), range(4, 6), range(2, 5))],
    ids=["frame", "narrow frame", "part of a frame"],
)
def test_log_density_equals_that_of_the_full_covariance(
    prior: LatentPrior, frame: tuple[int, int], rows: range, columns: range
) -> None:
    generator = torch.Generator().manual_seed(1)
    residual = torch.randn((3, LATENT_CHANNELS, len(rows), len(columns)), generator=generator).double()
    matrix = covariance(prior, frame, rows, columns)
    mean = prior.mean.repeat_interleave(len(rows) * len(columns))
    written_out = torch.distributions.MultivariateNormal(mean, matrix)
    found = prior.log_density(residual, frame, (rows.start, columns.start))
    torch.testing.assert_close(found, written_out.log_prob(residual.flatten(1)), rtol=1e-10, atol=1e-8)


def test_the_initial_prior_is_standard_normal() -> None:
    residual = torch.randn((2, LATENT_CHANNELS, 3, 4), generator=torch.Generator().manual_seed(2)).double()
    expected = torch.distributions.Normal(0, 1).log_prob(residual).flatten(1).sum(1)
    torch.testing.assert_close(LatentPrior().double().log_density(residual, (3, 4)), expected)


def test_samples_have_the_specified_mean_and_covariance(prior: LatentPrior) -> None:
    """In the prior's own directions, where all that is correlated lies."""
    frame, count = (2, 2), 60_000
    generator = torch.Generator().manual_seed(3)
    along = torch.cat(
        [
            torch.einsum("cd,nchw->ndhw", prior.directions, prior.sample(frame, count // 10, generator))
            for _ in range(10)
        ]
    ).flatten(1)
    expected_mean = (prior.directions.T @ prior.mean).repeat_interleave(4)
    torch.testing.assert_close(along.mean(0), expected_mean, rtol=0, atol=0.03)
    along = along - expected_mean
    found = along.T @ along / count
    full = covariance(prior, frame, range(2), range(2))
    into = torch.kron(prior.directions, torch.eye(4).double())
    expected = into.T @ full @ into
    scale = expected.diagonal().sqrt()
    assert float(((found - expected) / torch.outer(scale, scale)).abs().max()) < 0.025


def test_noise_outside_the_directions_has_a_separate_scale(prior: LatentPrior) -> None:
    noise = torch.randn((1, LATENT_CHANNELS, 2000), generator=torch.Generator().manual_seed(4)).double()
    scaled = prior.scaled_noise(noise)[0]
    along = prior.directions.T @ scaled
    others = scaled - prior.directions @ along
    torch.testing.assert_close(along.std(1), prior.detail[:-1], rtol=0.06, atol=0)
    expected = prior.detail[-1] * math.sqrt(1 - DIRECTIONS / LATENT_CHANNELS)
    torch.testing.assert_close(others.std(), expected, rtol=0.01, atol=0)


def test_cosines_of_a_part_are_those_of_the_frame() -> None:
    whole = torch.from_numpy(cosines(11, 0, 11))
    torch.testing.assert_close(torch.from_numpy(cosines(11, 3, 5)), whole[:, 3:8])
    torch.testing.assert_close(whole @ whole.T / 11, torch.eye(BANDS + 1).double(), atol=1e-12, rtol=0)


def test_weights_without_a_mean_get_one_of_zero(prior: LatentPrior) -> None:
    state = {f"prior.{name}": value for name, value in prior.state_dict().items()}
    before = {name: value for name, value in state.items() if name not in ("prior.mean", "prior.response")}
    completed = with_complete_prior(before)
    assert completed.keys() == state.keys()
    assert not completed["prior.mean"].any() and completed["prior.response"].eq(1).all()
    assert with_complete_prior(state) == state
    assert with_complete_prior({"flow.x": prior.mean}).keys() == {"flow.x"}
