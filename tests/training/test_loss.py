"""The loss: bits of the exact likelihood, and errors of the decoded mean."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from llflow_photo.flow import LLFlow, Size
from llflow_photo.flow.sizes import UNetSize
from llflow_photo.training.loss import LossWeights, align_mean_luma, hybrid_loss, nll_bits

Build = Callable[..., LLFlow]


def _pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    reference = torch.rand(2, 3, 16, 24, generator=generator)
    return 0.1 * reference, reference


@torch.no_grad()
def test_bits_follow_from_the_density(tiny_flow: Build) -> None:
    flow = tiny_flow()
    dark, reference = _pair()
    conditioning = flow.encode(dark)
    pixels = 16 * 24
    expected = -(flow.log_prob(reference, conditioning) - math.log(32) * pixels) / (math.log(2) * pixels)
    torch.testing.assert_close(nll_bits(flow, reference, conditioning), expected)


def test_the_terms_add_up_and_have_gradients(tiny_flow: Build) -> None:
    flow = tiny_flow()
    dark, reference = _pair()

    def loss(weights: LossWeights) -> torch.Tensor:
        generator = torch.Generator().manual_seed(3)
        return hybrid_loss(flow, flow.encode(dark), reference, weights, generator).total

    alone = [loss(LossWeights(*w)) for w in ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))]
    together = loss(LossWeights(0.01, 2.0, 0.5, 0.2))
    expected = 0.01 * alone[0] + 2.0 * alone[1] + 0.5 * alone[2] + 0.2 * alone[3]
    torch.testing.assert_close(together, expected)
    together.backward()
    gradients = [parameter.grad for parameter in flow.parameters()]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)


@torch.no_grad()
def test_only_the_error_as_is_is_weighted_by_crop(tiny_flow: Build) -> None:
    flow = tiny_flow()
    dark, reference = _pair()
    conditioning = flow.encode(dark)

    def loss(absolute: float, aligned: float, *crops: float) -> float:
        weights = LossWeights(0.0, absolute, aligned, 0.0, look=0.0, steadiness=0.0)
        of_crops = torch.tensor(crops) if crops else None
        return float(hybrid_loss(flow, conditioning, reference, weights, torch.Generator(), of_crops).total)

    first, second = loss(1.0, 0.0, 1.0, 0.0), loss(1.0, 0.0, 0.0, 1.0)
    assert first > 0 and second > 0 and first != second
    assert loss(1.0, 0.0) == pytest.approx(first + second) == pytest.approx(loss(1.0, 0.0, 1.0, 1.0))
    assert loss(1.0, 0.0, 1.0, 0.3) == pytest.approx(first + 0.3 * second)
    assert loss(0.0, 1.0, 0.3, 0.3) == loss(0.0, 1.0)


@torch.no_grad()
def test_noise_and_selector_are_seeded(tiny_flow: Build) -> None:
    flow = tiny_flow()
    dark, reference = _pair()
    conditioning = flow.encode(dark)

    def bits(seed: int, selector: float) -> float:
        weights = LossWeights(1.0, 0.0, 0.0, 0.0, selector=selector)
        return hybrid_loss(flow, conditioning, reference, weights, torch.Generator().manual_seed(seed)).nll

    assert bits(0, 0.2) == bits(0, 0.2)
    assert bits(0, 0.0) != bits(1, 0.0)
    assert bits(0, 0.0) != bits(0, 1.0)  # the mean is the reference's color map instead of g(x)


def test_alignment_undoes_the_exposure() -> None:
    _, reference = _pair()
    torch.testing.assert_close(align_mean_luma(0.5 * reference, reference), reference)
    assert align_mean_luma(torch.zeros_like(reference), reference).isfinite().all()


def test_alignment_is_limited_to_a_factor_of_four() -> None:
    reference = torch.full((1, 3, 8, 8), 0.8)
    aligned = align_mean_luma(reference / 100, reference)
    assert float(aligned.max()) == pytest.approx(0.8 / 100 * 4, rel=1e-4)


def test_looks_that_change_only_light_are_not_penalized(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    size = Size(UNetSize((8, 8, 8), (1, 1, 1), (1, 1), vector=8), (1, 1, 1), hidden=8, prior=True)
    flow = LLFlow(size)
    assert flow.prior is not None
    flow.prior.spread.fill_(0.5)
    dark, reference = _pair()
    reference = 0.2 + 0.5 * reference
    conditioning = flow.encode(dark)
    weights = LossWeights(0.0, 0.0, 0.0, 0.0, look=0.0, steadiness=1.0)

    def error(rendering: torch.Tensor) -> float:
        monkeypatch.setattr(flow, "decode", lambda conditioning, latent: rendering)
        losses = []
        for seed in range(8):  # a step has the term half the time
            generator = torch.Generator().manual_seed(seed)
            losses.append(float(hybrid_loss(flow, conditioning, reference, weights, generator).total))
        assert 0.0 in losses
        return max(losses)

    light = torch.tensor([0.7, 0.8, 0.9]).view(1, 3, 1, 1)
    grid = (torch.arange(24) % 8 < 4).float() * 0.2 - 0.1
    assert error(light * reference) < 0.01
    assert error(light * reference + grid) > 0.05
