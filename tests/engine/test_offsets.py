"""The offset of a latent under a model's prior, for any part of a frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llflow_photo.engine.gain_path import GainPath
from llflow_photo.engine.latent import Latent, interpolate
from llflow_photo.engine.latent_window import LatentWindow
from llflow_photo.engine.offsets import LatentOffsets
from llflow_photo.flow.basis import BANDS, DIRECTIONS
from llflow_photo.flow.prior import LatentPrior

FRAME = (20, 30)
WHOLE = LatentWindow.whole(*FRAME)


def no_path() -> GainPath:
    raise AssertionError("not asked for without brightness")


@pytest.fixture
def offsets() -> LatentOffsets:
    prior = LatentPrior()
    generator = torch.Generator().manual_seed(0)
    prior.directions.copy_(torch.linalg.qr(torch.randn(192, DIRECTIONS, generator=generator))[0])
    prior.spread.copy_(0.2 + torch.rand(DIRECTIONS, 1 + BANDS, generator=generator))
    prior.detail.copy_(0.5 + torch.rand(DIRECTIONS + 1, generator=generator))
    prior.mean.copy_(torch.randn(192, generator=generator))
    return LatentOffsets(prior, no_path)


def test_the_best_guess_has_no_offset(offsets: LatentOffsets) -> None:
    assert offsets.block(Latent(3), WHOLE) == (None, False)


@pytest.mark.parametrize("grain", [0.0, 0.5])
def test_a_block_is_part_of_the_frame(offsets: LatentOffsets, grain: float) -> None:
    latent = Latent(5, 0.8, grain)
    whole, far = offsets.block(latent, WHOLE)
    part, _ = offsets.block(latent, LatentWindow(slice(3, 9), slice(11, 30), FRAME))
    assert far and whole is not None and part is not None
    assert whole.dtype == np.float32 and whole.shape == (192, *FRAME)
    np.testing.assert_allclose(part, whole[:, 3:9, 11:30], atol=1e-5)


def test_offsets_have_the_priors_covariance_in_its_directions(offsets: LatentOffsets) -> None:
    assert offsets.prior is not None
    directions = offsets.prior.directions.numpy()
    frame = (6, 4)
    drawn = []
    for seed in range(600):
        offset, _ = offsets.block(Latent(seed, 1.0, 1.0), LatentWindow.whole(*frame))
        assert offset is not None
        drawn.append(np.einsum("cd,chw->dhw", directions, offset).ravel())
    expected = offsets.prior.sample(frame, 4000, torch.Generator().manual_seed(1)).numpy()
    expected = np.einsum("cd,nchw->ndhw", directions, expected).reshape(4000, -1)
    found, wanted = np.cov(np.array(drawn).T), np.cov(expected.T)
    np.testing.assert_allclose(np.mean(drawn, 0), expected.mean(0), atol=0.3)
    scale = np.sqrt(np.diag(wanted))
    assert np.abs((found - wanted) / np.outer(scale, scale)).max() < 0.3
    assert np.abs(np.diag(found) / np.diag(wanted) - 1).mean() < 0.1


def test_looks_are_scaled_by_the_response(offsets: LatentOffsets) -> None:
    """Those of the frame by the first value, those of regions by the second; noise is not."""
    assert offsets.prior is not None
    latent = Latent(5, 1.0, 0.5)
    before, _ = offsets.block(latent, WHOLE)
    look, _ = offsets.block(Latent(5, 1.0), WHOLE)
    offsets.prior.response.copy_(torch.tensor([0.5, 0.25]))
    after, _ = offsets.block(latent, WHOLE)
    assert before is not None and look is not None and after is not None
    mean = offsets.prior.mean.numpy()[:, None, None]
    of_frame = look.mean((1, 2), keepdims=True) - mean
    expected = before - look + mean + 0.5 * of_frame + 0.25 * (look - mean - of_frame)
    np.testing.assert_allclose(after, expected, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 1.5])
def test_the_mean_is_reached_at_temperature_1(offsets: LatentOffsets, temperature: float) -> None:
    assert offsets.prior is not None
    offsets.prior.spread.zero_()
    offset, _ = offsets.block(Latent(5, temperature), WHOLE)
    assert offset is not None
    share = min(temperature, 1.0) ** 0.5
    mean = offsets.prior.mean.numpy()[:, None, None]
    np.testing.assert_allclose(offset, np.broadcast_to(share * mean, offset.shape), atol=1e-5)


def test_a_blend_of_latents_of_one_temperature_has_their_share_of_the_mean(offsets: LatentOffsets) -> None:
    assert offsets.prior is not None
    offsets.prior.spread.zero_()
    between, _ = offsets.block(interpolate(Latent(1, 0.8), Latent(2, 0.8), 0.3), WHOLE)
    alone, _ = offsets.block(Latent(1, 0.8), WHOLE)
    assert between is not None and alone is not None
    np.testing.assert_allclose(between, alone, atol=1e-5)


def test_the_look_is_the_same_at_every_size_of_a_frame(offsets: LatentOffsets) -> None:
    small, _ = offsets.block(Latent(5, 0.8), WHOLE)
    large, _ = offsets.block(Latent(5, 0.8), LatentWindow.whole(60, 90))
    assert small is not None and large is not None
    np.testing.assert_allclose(large[:, 1::3, 1::3], small, atol=1e-5)


def test_models_without_a_prior_have_noise_at_the_temperature() -> None:
    offset, far = LatentOffsets(None, no_path).block(Latent(5, 0.8), WHOLE)
    assert offset is not None and not far
    assert float(offset.std()) == pytest.approx(0.8, abs=0.01)
