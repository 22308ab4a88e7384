"""The whole-photo branch: its output is the same for every part of a photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from llflow_photo.flow import LLFlow, Size, UNetSize, whole_photo
from llflow_photo.flow.thumbnail import THUMBNAIL, thumbnail
from llflow_photo.flow.whole_photo import GRID, grid_at

SIZE = Size(
    UNetSize((8, 12, 16), (1, 1, 1), (1, 1), vector=16, branch=1, quantiles=8), steps=(1, 1, 1), hidden=8
)


@pytest.fixture(scope="module")
def flow() -> LLFlow:
    torch.manual_seed(0)
    flow = LLFlow(SIZE)
    with torch.no_grad():
        for name, parameter in flow.named_parameters():
            if "mix" not in name:
                parameter.add_(0.05 * torch.randn_like(parameter))
    return flow.eval()


def dark(height: int, width: int, seed: int = 0) -> torch.Tensor:
    return 0.2 * torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_a_part_of_the_grid_is_the_part_of_the_whole() -> None:
    grid = torch.randn(1, 5, GRID, GRID, generator=torch.Generator().manual_seed(1))
    whole = grid_at(grid, torch.tensor([[0.0, 0.0, 1.0, 1.0]]), 40, 60)
    part = grid_at(grid, torch.tensor([[0.25, 0.5, 0.5, 0.5]]), 20, 30)
    torch.testing.assert_close(part, whole[:, :, 10:30, 30:], atol=1e-5, rtol=0)
    assert float(whole.std()) > 0.3


def test_cells_of_the_grid_keep_their_values_at_their_centers() -> None:
    grid = torch.randn(1, 2, GRID, GRID, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(grid_at(grid, torch.tensor([[0.0, 0.0, 1.0, 1.0]]), GRID, GRID), grid)


@torch.no_grad()
def test_inner_pixels_of_a_part_are_rendered_as_in_the_whole(flow: LLFlow) -> None:
    photo = dark(256, 320)
    context = flow.context(torch.from_numpy(thumbnail(photo[0].permute(1, 2, 0).numpy()))[None])
    whole = flow.decode(flow.encode(photo))
    window = torch.tensor([[64 / 256, 96 / 320, 160 / 256, 192 / 320]])
    part = flow.decode(flow.encode(photo[:, :, 64:224, 96:288], context=context, window=window))
    inner = (slice(None), slice(None), slice(64, 96), slice(64, 128))
    torch.testing.assert_close(part[inner], whole[:, :, 128:160, 160:224], atol=1e-4, rtol=0)
    alone = flow.decode(flow.encode(photo[:, :, 64:224, 96:288]))
    assert float((alone[inner] - part[inner]).abs().max()) > 1e-3


@torch.no_grad()
def test_the_context_of_a_mirrored_photo_is_mirrored(flow: LLFlow) -> None:
    thumbnails = dark(THUMBNAIL, THUMBNAIL, 3)
    context, mirrored = flow.context(thumbnails), flow.context(thumbnails.flip(3))
    assert context is not None and mirrored is not None
    torch.testing.assert_close(mirrored.gain_ev, context.gain_ev)
    torch.testing.assert_close(mirrored.vector, context.vector)
    torch.testing.assert_close(mirrored.grid, context.grid.flip(3))
    assert float((context.grid - context.grid.flip(3)).abs().max()) > 0.01


@torch.no_grad()
def test_gain_and_vector_are_means_over_parts_of_the_frame(
    flow: LLFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    thumbnails = dark(THUMBNAIL, THUMBNAIL, 2)
    branch = flow.branch
    assert branch is not None and not branch.training
    averaged = branch(thumbnails)
    alone = branch.train()(thumbnails)
    branch.eval()
    assert float((averaged.gain_ev - alone.gain_ev).abs().max()) > 1e-4
    assert float((averaged.vector - alone.vector).abs().max()) > 1e-4
    torch.testing.assert_close(averaged.grid, alone.grid)
    monkeypatch.setattr(whole_photo, "_PART_SIDES", (1.0, 0.75))  # 4 times the frame itself, and its corners
    corners = [thumbnails[:, :, y : y + 48, x : x + 48] for y in (0, 16) for x in (0, 16)]
    branch.train()
    cells = ((torch.arange(THUMBNAIL) + 0.5) * 0.75).long()
    gains = [branch(corner[:, :, cells][:, :, :, cells]).gain_ev for corner in corners]
    branch.eval()
    wanted = (5 * alone.gain_ev + sum(gains)) / 9
    torch.testing.assert_close(branch(thumbnails).gain_ev, wanted)


@torch.no_grad()
def test_the_exposure_can_be_overridden(flow: LLFlow) -> None:
    photo = dark(64, 64)
    context = flow.context(torch.from_numpy(thumbnail(photo[0].permute(1, 2, 0).numpy()))[None])
    assert context is not None
    plain, brighter = (flow.encode(photo, context=c).base for c in (context, context.brighter(1.0)))
    assert plain is not None and brighter is not None
    assert float(brighter.mean()) > 1.1 * float(plain.mean())


@torch.no_grad()
def test_every_part_of_the_context_reaches_the_rendering(flow: LLFlow) -> None:
    photo = dark(64, 64)
    context = flow.context(torch.from_numpy(thumbnail(photo[0].permute(1, 2, 0).numpy()))[None])
    assert context is not None
    plain = flow.decode(flow.encode(photo, context=context))
    for changed in (
        replace(context, gain_ev=context.gain_ev + 0.5),
        replace(context, vector=context.vector + 0.5),
        replace(context, grid=context.grid + 0.5),
    ):
        assert float((flow.decode(flow.encode(photo, context=changed)) - plain).abs().max()) > 1e-3


def test_a_thumbnail_is_the_mean_light_of_cells_at_any_size() -> None:
    small = np.random.default_rng(0).random((THUMBNAIL, THUMBNAIL, 3)).astype(np.float32)
    linear = np.where(small > 0.04045, ((small + 0.055) / 1.055) ** 2.4, small / 12.92)
    np.testing.assert_allclose(thumbnail(small), linear.transpose(2, 0, 1), atol=1e-6)
    large = small.repeat(40, 0).repeat(30, 1)
    np.testing.assert_allclose(thumbnail(large), linear.transpose(2, 0, 1), atol=2e-6)
    eight_bit = np.rint(small * 255).astype(np.uint8)
    np.testing.assert_allclose(thumbnail(eight_bit), thumbnail(eight_bit.astype(np.float32) / 255), atol=1e-6)
    assert thumbnail(np.full((3, 200, 3), 0.5, np.float32)).shape == (3, THUMBNAIL, THUMBNAIL)
