"""The change of light and color between two renderings, fitted at a small size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llflow_photo.engine.color_change import ColorChange
from llflow_photo.engine.view import FramePart
from llflow_photo.errors import CancelledError


def _texture(height: int, width: int) -> torch.Tensor:
    """3 x h x w with contrast everywhere, in (0.2, 0.6)."""
    return 0.2 + 0.4 * torch.rand((3, height, width), generator=torch.Generator().manual_seed(1))


def _pixels(image: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def _applied(change: ColorChange, pixels: np.ndarray, part: FramePart | None = None) -> np.ndarray:
    out = np.empty_like(pixels)
    change.apply(pixels, out, part or FramePart((pixels.shape[0], pixels.shape[1])))
    return out


def test_a_slow_change_is_recovered() -> None:
    before = _texture(160, 200)
    slope = torch.linspace(0, 1, 200)
    after = (0.8 + 0.4 * slope) * before + 0.05 * slope
    change = ColorChange.between(before, after)
    found = _applied(change, _pixels(before))
    assert np.abs(found - _pixels(after))[:, 16:-16].max() < 0.01
    assert np.abs(found - _pixels(after)).max() < 0.03  # the window is one-sided at the frame's edge


@pytest.mark.parametrize("level", [0.0, 0.01, 0.4])
def test_flat_areas_change_by_the_ratio_of_brightness(level: float) -> None:
    flat = torch.full((3, 40, 60), level)
    change = ColorChange.between(flat, 1.5 * flat + 0.02)
    np.testing.assert_allclose(_applied(change, _pixels(flat)), 1.5 * level + 0.02, atol=1e-6)
    assert float(change.gain.min()) >= 1.0 and float(change.gain.max()) <= 2.0


def test_no_change_is_exactly_none() -> None:
    before = _texture(64, 80)
    pixels = _pixels(_texture(300, 400))
    np.testing.assert_allclose(_applied(ColorChange.between(before, before), pixels), pixels, atol=2e-6)


def test_a_grid_of_latent_positions_is_not_carried_over() -> None:
    before = _texture(160, 240) * 0.2 + 0.3
    cells = (torch.arange(160)[:, None] % 8 < 4).float() - 0.5
    change = ColorChange.between(before, before * 0.5 + 0.02 * cells)
    flat = np.full((640, 960, 3), 0.4, np.float32)
    assert _applied(change, flat)[64:-64, 64:-64].std() < 0.1 * 0.01


def test_parts_change_as_the_whole_and_in_place() -> None:
    small = _texture(48, 64)
    change = ColorChange.between(small, small.flip(2))
    pixels = _pixels(_texture(301, 413))
    whole = _applied(change, pixels)
    part = np.ascontiguousarray(pixels[136:250, 80:413])
    change.apply(part, part, FramePart((301, 413), 136, 80))
    np.testing.assert_allclose(part, whole[136:250, 80:413], atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 3)])
def test_any_size_is_changed_and_clipped(shape: tuple[int, int]) -> None:
    small = _texture(*shape)
    change = ColorChange.between(small, small * 3.0)
    found = _applied(change, np.linspace(-0.5, 2.0, 3 * 50 * 70, dtype=np.float32).reshape(50, 70, 3))
    assert found.min() == 0.0 and found.max() == 1.0


def test_progress_is_reported_and_cancel_is_asked_at_each_block_of_rows() -> None:
    before = _texture(40, 50)
    change = ColorChange.between(before, before * 1.2)
    pixels = np.full((700, 50, 3), 0.3, np.float32)
    seen: list[int] = []

    def cancelled() -> bool:
        return len(seen) == 3

    part = FramePart((700, 50))
    with pytest.raises(CancelledError):
        change.apply(pixels, np.empty_like(pixels), part, cancelled, lambda done, _all: seen.append(done))
    assert seen == [128, 256, 384]
    change.apply(pixels, np.empty_like(pixels), part, None, lambda done, _all: seen.append(done))
    assert seen[-1] == 700
