"""The flow is a bijection with correct log-determinants, and encoding is separate from decoding."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from llflow_photo.flow import LLFlow
from llflow_photo.flow.actnorm import ActNorm
from llflow_photo.flow.basis import BANDS, DIRECTIONS, LATENT_CHANNELS, ORDERS
from llflow_photo.flow.invertible import InvertibleConv
from llflow_photo.flow.llflow import pad_to_multiple, standard_normal_log_density
from llflow_photo.flow.prior import LatentPrior
from llflow_photo.flow.steps import squeeze

Build = Callable[..., LLFlow]


def _photo(height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, height, width, generator=generator)


@torch.no_grad()
def test_the_inverse_of_forward_returns_the_input(tiny_flow: Build) -> None:
    flow = tiny_flow(steps=2, blocks=2).double()
    dark, reference = 0.2 * _photo(32, 40).double(), _photo(32, 40, 1).double()
    conditioning = flow.encode(dark)
    latent, forward = flow.latent_of(reference, conditioning)
    assert latent.shape == (1, 192, 4, 5)
    back, inverse = flow.decode_with_log_determinant(conditioning, latent)
    torch.testing.assert_close(back, reference, rtol=0, atol=1e-9)
    torch.testing.assert_close(forward, -inverse)


def test_log_determinants_agree_with_autograd_jacobians(tiny_flow: Build) -> None:
    flow = tiny_flow(features=4, growth=2, hidden=4).double()
    reference = _photo(8, 8, 1).double()
    with torch.no_grad():
        conditioning = flow.encode(0.2 * _photo(8, 8).double())
        latent, forward = flow.latent_of(reference, conditioning)
        _, inverse = flow.decode_with_log_determinant(conditioning, latent)

    def of_forward(x: torch.Tensor) -> torch.Tensor:
        return flow.latent_of(x, conditioning)[0]

    def of_inverse(z: torch.Tensor) -> torch.Tensor:
        return flow.decode_with_log_determinant(conditioning, z)[0]

    for function, at, given in ((of_forward, reference, forward), (of_inverse, latent, inverse)):
        jacobian = torch.autograd.functional.jacobian(function, at, vectorize=True).reshape(192, 192)
        torch.testing.assert_close(torch.linalg.slogdet(jacobian)[1], given[0], rtol=1e-9, atol=1e-7)


@torch.no_grad()
def test_log_prob_is_the_prior_at_the_latent_and_the_log_determinant(tiny_flow: Build) -> None:
    flow = tiny_flow().double()
    reference = _photo(16, 16, 1).double()
    conditioning = flow.encode(_photo(16, 16).double())
    latent, log_determinant = flow.latent_of(reference, conditioning)
    normal = torch.distributions.Normal(conditioning.mean, 1.0)
    expected = normal.log_prob(latent).sum() + log_determinant[0]
    torch.testing.assert_close(flow.log_prob(reference, conditioning)[0], expected)
    assert standard_normal_log_density(torch.zeros(2, 3)).shape == (2,)


@torch.no_grad()
@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (8, 16), (13, 30), (33, 17)])
def test_any_size_is_encoded_and_decoded(tiny_flow: Build, shape: tuple[int, int]) -> None:
    flow = tiny_flow()
    conditioning = flow.encode(0.3 * _photo(*shape))
    decoded = flow.decode(conditioning)
    assert decoded.shape == (1, 3, *shape)
    assert torch.isfinite(decoded).all()
    latent, _ = flow.latent_of(_photo(*shape, 1), conditioning)
    torch.testing.assert_close(flow.decode(conditioning, latent), _photo(*shape, 1), rtol=0, atol=1e-4)


@torch.no_grad()
def test_a_second_decode_does_not_repeat_the_encoding(
    tiny_flow: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = tiny_flow()
    conditioning = flow.encode(_photo(16, 24))
    first = flow.decode(conditioning)

    def refuse(*_: object) -> None:
        raise AssertionError("ran again")

    monkeypatch.setattr(flow.encoder, "forward", refuse)
    for level in flow.flow.levels:
        for step in level.conditional:
            monkeypatch.setattr(step.coupling.from_condition, "forward", refuse)
            monkeypatch.setattr(step.coupling, "condition", refuse)
    torch.testing.assert_close(flow.decode(conditioning), first, rtol=0, atol=0)
    latents = flow.sample_latent(conditioning, 0.8, 3, torch.Generator().manual_seed(1))
    assert flow.decode(conditioning, latents).shape == (3, 3, 16, 24)


@torch.no_grad()
def test_sampling_depends_on_the_seed(tiny_flow: Build) -> None:
    flow = tiny_flow()
    conditioning = flow.encode(_photo(16, 16))

    def sample(seed: int, temperature: float) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return flow.decode(conditioning, flow.sample_latent(conditioning, temperature, 1, generator))

    assert torch.equal(sample(5, 0.8), sample(5, 0.8))
    assert not torch.allclose(sample(5, 0.8), sample(6, 0.8))
    assert torch.equal(sample(5, 0.0), flow.decode(conditioning))
    noise = flow.sample_latent(conditioning, 0.8, 50) - conditioning.mean
    assert noise.std() == pytest.approx(0.8, rel=0.02)


@torch.no_grad()
def test_a_part_of_a_photo_is_encoded_by_the_whole_photos_statistics(tiny_flow: Build) -> None:
    from llflow_photo.flow.inputs import equalization_table

    flow = tiny_flow()
    photo = _photo(64, 64) ** 2
    table = torch.from_numpy(equalization_table(photo[0].permute(1, 2, 0).numpy()))
    whole = flow.encode(photo).color_map
    part = flow.encode(photo[:, :, :48, :48], table[None]).color_map
    torch.testing.assert_close(part[:, :, :16, :16], whole[:, :, :16, :16], rtol=0, atol=1e-6)


def test_encoding_a_batch_equals_encoding_each_photo(tiny_flow: Build) -> None:
    flow = tiny_flow()
    photos = torch.cat([_photo(16, 16), 0.1 * _photo(16, 16, 1)])
    with torch.no_grad():
        together = flow.decode(flow.encode(photos))
        alone = torch.cat([flow.decode(flow.encode(photo[None])) for photo in photos])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


@torch.no_grad()
def test_actnorm_starts_from_the_first_batch() -> None:
    norm = ActNorm(3)
    x = torch.randn(4, 3, 8, 8) * torch.tensor([1.0, 5.0, 0.1]).view(1, 3, 1, 1) + 2.0
    norm.initialize_next = True
    y = norm(x)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(y.var((0, 2, 3), unbiased=False), torch.ones(3), rtol=1e-3, atol=0)
    assert not norm.initialize_next
    torch.testing.assert_close(norm.inverse(y), x, rtol=1e-5, atol=1e-5)
    assert norm.log_determinant(64) == pytest.approx(float(norm.log_scale.sum()) * 64)


@torch.no_grad()
def test_the_invertible_convolution_is_initialized_as_a_rotation() -> None:
    mix = InvertibleConv(12)
    torch.testing.assert_close(mix.weight @ mix.weight.T, torch.eye(12), rtol=0, atol=1e-5)
    assert mix.log_determinant(100).abs() < 1e-3


def test_padding_reflects_and_squeezing_is_one_pixel_unshuffle() -> None:
    image = _photo(13, 16)
    padded = pad_to_multiple(image)
    assert padded.shape == (1, 3, 16, 16)
    assert torch.equal(padded[:, :, 13:], image[:, :, 9:12].flip(2))
    latent = squeeze(padded)
    assert latent.shape == (1, 192, 2, 2)
    # channel-major: red's 64 positions first, row by row
    assert torch.equal(latent[0, :64, 0, 0], padded[0, 0, :8, :8].flatten())


def _prior_covariance(prior: LatentPrior, grid: tuple[int, int], places: tuple[slice, slice]) -> torch.Tensor:
    """Of the latent at some positions of a frame's grid, written out, channel by position."""
    waves = [np.sqrt(2) * np.cos(np.pi * np.outer(np.arange(n), np.arange(n) + 0.5) / n) for n in grid]
    for wave in waves:
        wave[0] = 1
    fields = [np.outer(waves[0][i], waves[1][k])[places].ravel() for i, k in ORDERS]
    apart = torch.eye(LATENT_CHANNELS).double() - prior.directions @ prior.directions.T
    own = prior.directions @ torch.diag(prior.detail[:-1] ** 2) @ prior.directions.T
    noise = prior.detail[-1] ** 2 * apart + own
    total = torch.kron(noise, torch.eye(len(fields[0])).double())
    for field, deviations in zip(fields, prior.order_deviations().T, strict=True):
        smooth = prior.directions @ torch.diag(deviations**2) @ prior.directions.T
        total += torch.kron(smooth, torch.from_numpy(np.outer(field, field)))
    return total


@torch.no_grad()
@pytest.mark.parametrize("frame", [(250, 260), (260, 250), (256, 251), (4008, 6001)])
@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_the_density_of_a_crop_is_that_of_its_place_in_the_frames_grid(
    tiny_flow: Build, frame: tuple[int, int], place: str
) -> None:
    flow = tiny_flow(prior=True).double()
    generator = torch.Generator().manual_seed(0)
    prior = flow.prior
    assert prior is not None
    directions = torch.randn(LATENT_CHANNELS, DIRECTIONS, generator=generator).double()
    prior.directions.copy_(torch.linalg.qr(directions)[0])
    prior.spread.copy_(0.5 + torch.rand(DIRECTIONS, 1 + BANDS, generator=generator))
    prior.detail.copy_(0.5 + torch.rand(DIRECTIONS + 1, generator=generator))
    grid = tuple(math.ceil(side / 8) for side in frame)
    first = [{"start": 0, "middle": side // 2, "end": side - 2}[place] for side in grid]
    places = slice(first[0], first[0] + 2), slice(first[1], first[1] + 2)
    pixels = [min(16, side - 8 * at) for side, at in zip(frame, first, strict=True)]
    residual = torch.randn((1, LATENT_CHANNELS, 2, 2), generator=generator).double()
    matrix = _prior_covariance(prior, (grid[0], grid[1]), places)
    expected = torch.distributions.MultivariateNormal(torch.zeros(len(matrix)).double(), matrix)
    # As `encode` computes it, in float32: of the crop padded to two positions.
    window = torch.tensor([[
        8 * first[0] / frame[0], 8 * first[1] / frame[1], pixels[0] / frame[0], pixels[1] / frame[1]
    ]])  # fmt: skip
    window *= torch.tensor([1.0, 1.0, 16 / pixels[0], 16 / pixels[1]])
    found = flow.prior_log_density(residual, window)
    torch.testing.assert_close(found, expected.log_prob(residual.flatten(1)), rtol=1e-8, atol=1e-6)
