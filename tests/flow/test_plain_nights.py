"""The kernel regression of the exposure of plain nights, as a part of the whole-photo branch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from llflow_photo.flow.plain_nights import PlainNights, exposure_between, layout_of
from llflow_photo.flow.thumbnail import THUMBNAIL
from llflow_photo.flow.whole_photo import GRID, WholePhotoBranch, thumbnail_rendering

QUANTILES, POINTS = 8, 6


def frames(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.rand(count, 3, THUMBNAIL, THUMBNAIL, generator=generator) ** 2


@pytest.fixture
def branch() -> WholePhotoBranch:
    """A branch whose regression has learned from six frames that the first three are plain."""
    torch.manual_seed(0)
    branch = WholePhotoBranch(16, 1, QUANTILES, POINTS).eval()
    assert branch.plain_nights is not None and branch.tones is not None
    torch.nn.init.normal_(branch.exposure.weight, std=0.2)
    return branch


def learn(branch: WholePhotoBranch, light: torch.Tensor, gains: list[float], plain: list[float]) -> None:
    regression, tones = branch.plain_nights, branch.tones
    assert regression is not None and tones is not None
    quantiles = tones.quantiles_of(light)
    regression.mean.copy_(quantiles.mean(0))
    regression.scale.copy_(quantiles.std() / 100)  # so that the frames are far apart
    features = regression.features(quantiles, layout_of(light))
    regression.points.copy_(features)
    regression.offset[0] = 3.0
    wanted = torch.tensor([[gain - 3.0, one] for gain, one in zip(gains, plain, strict=True)])
    solution = torch.linalg.solve(regression.kernel(features), wanted.double())
    regression.coefficients.copy_(solution)


@torch.no_grad()
def test_gains_are_found_from_brightness() -> None:
    dark = frames(3)
    cells = torch.nn.functional.adaptive_avg_pool2d(dark, GRID)
    gains = torch.tensor([-1.0, 1.5, 4.5])
    bright = cells * torch.exp2(gains)[:, None, None, None]
    assert float(bright.max()) > 1.0  # the last one is partly clipped, as pictures are
    torch.testing.assert_close(exposure_between(cells, bright.clamp(max=1.0)), gains, atol=1e-3, rtol=0)


@torch.no_grad()
def test_the_regression_is_a_sum_of_gaussians() -> None:
    generator = np.random.default_rng(1)
    regression = PlainNights(POINTS, QUANTILES)
    for name, tensor in regression.named_buffers():
        if name != "scale":
            tensor.copy_(torch.from_numpy(generator.normal(0, 1, tensor.shape)))
    light, quantiles = frames(2), torch.from_numpy(generator.normal(0, 1, (2, QUANTILES))).float()
    gain_ev, plainness = regression(quantiles, light)
    luma = light.mean(1).reshape(2, 4, THUMBNAIL // 4, 4, THUMBNAIL // 4).mean((2, 4)).reshape(2, 16)
    layout = np.log2(luma.double().numpy() + 2.0**-13) / 8
    layout -= layout.mean(1, keepdims=True)
    centered = quantiles.double().numpy() - regression.mean.double().numpy()
    features = np.concatenate([centered, layout], 1)
    squares = ((features[:, None] - regression.points.double().numpy()[None]) ** 2).sum(2)
    expected = np.exp(-0.002 * squares) @ regression.coefficients.double().numpy()
    expected += regression.offset.double().numpy()
    np.testing.assert_allclose(gain_ev.numpy(), expected[:, 0], rtol=1e-4)
    np.testing.assert_allclose(plainness.numpy(), expected[:, 1], rtol=1e-4)


@torch.no_grad()
def test_a_regression_that_is_not_fitted_changes_nothing(branch: WholePhotoBranch) -> None:
    thumbnails = frames(3)
    torch.testing.assert_close(branch(thumbnails).gain_ev, branch.predicted(thumbnails).gain_ev)


@torch.no_grad()
def test_plain_nights_become_as_bright_as_the_regression_says_others_stay(branch: WholePhotoBranch) -> None:
    thumbnails = frames(6) * torch.exp2(-torch.arange(6.0))[:, None, None, None]
    before = branch.predicted(thumbnails)
    cells = torch.nn.functional.adaptive_avg_pool2d(thumbnails, GRID)
    found = exposure_between(cells, thumbnail_rendering(before, thumbnails))
    wanted = found + torch.tensor([0.5, -0.8, 5.0, 0.5, -0.5, 1.0])
    learn(branch, thumbnails, wanted.tolist(), [1.0, 0.65, 1.0, 0.45, 0.0, -0.2])
    after = branch(thumbnails)
    # 0.7 of the difference, half of it between 0.5 and 0.8, and of at most 1.5 EV
    expected = torch.tensor([0.7 * 0.5, 0.35 * -0.8, 0.7 * 1.5, 0.0, 0.0, 0.0])
    torch.testing.assert_close(after.gain_ev - before.gain_ev, expected, atol=0.01, rtol=0)
    torch.testing.assert_close(after.vector, before.vector)
    torch.testing.assert_close(after.grid, before.grid)


@torch.no_grad()
def test_black_frames_are_not_corrected(branch: WholePhotoBranch) -> None:
    thumbnails = torch.cat([frames(5), torch.zeros(1, 3, THUMBNAIL, THUMBNAIL)])
    learn(branch, thumbnails, [7.0] * 6, [1.0] * 6)
    difference = branch(thumbnails).gain_ev - branch.predicted(thumbnails).gain_ev
    assert float(difference[:5].abs().min()) > 0.1
    assert float(difference[5]) == 0.0


@torch.no_grad()
def test_the_correction_is_in_full_precision(branch: WholePhotoBranch) -> None:
    thumbnails = frames(6)
    learn(branch, thumbnails, [4.0] * 6, [1.0] * 6)
    context = branch.predicted(thumbnails)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = branch.corrected(context, thumbnails)
    torch.testing.assert_close(mixed.gain_ev, branch.corrected(context, thumbnails).gain_ev)


def test_gradients_reach_the_branch_for_its_own_share(branch: WholePhotoBranch) -> None:
    thumbnails = frames(6)
    learn(branch, thumbnails, [4.0] * 6, [1.0] * 3 + [0.0] * 3)
    context = branch.predicted(thumbnails)
    gain = context.gain_ev.detach().requires_grad_()
    corrected = branch.corrected(replace(context, gain_ev=gain), thumbnails)
    corrected.gain_ev.sum().backward()
    assert gain.grad is not None
    torch.testing.assert_close(gain.grad, torch.tensor([0.3] * 3 + [1.0] * 3), atol=1e-3, rtol=0)
