"""A region's latent is the whole frame's latent there."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.engine.latent import Latent, interpolate
from llflow_photo.explore.grid import default_grid, neighbours
from llflow_photo.explore.placed import place, with_brightness
from llflow_photo.explore.region import Region


@pytest.mark.parametrize("coherence", [0.0, 0.4, 1.0])
def test_a_placed_latent_holds_the_frame_s_values(coherence: float) -> None:
    latent = Latent(seed=3, temperature=0.7, coherence=coherence)
    region = Region((200, 300), (100, 150), (16, 64), (40, 104))
    whole = latent.offset_block(slice(0, 13), slice(0, 19), 13, 19)
    part = place(latent, region).offset_block(slice(0, 6), slice(0, 8), 6, 8)
    assert whole is not None and part is not None
    np.testing.assert_allclose(part, whole[:, 2:8, 5:13], atol=1e-6)


def test_a_whole_frame_needs_no_placing() -> None:
    latent = Latent(seed=1, temperature=1.0)
    assert place(latent, Region((80, 80), (40, 40), (0, 40), (0, 40))) is latent


def test_brightness_reaches_every_part_of_a_blend() -> None:
    blend = interpolate(Latent(1, 0.8), Latent(2, 0.8), 0.3)
    brighter = with_brightness(blend, 0.5)
    assert brighter.brightness == pytest.approx(0.5)
    assert place(brighter, Region((80, 80), (80, 80), (0, 40), (0, 80))).brightness == pytest.approx(0.5)


def test_the_grid_s_latents_differ_only_in_their_seeds() -> None:
    grid = default_grid(5, seed=10)
    assert [latent.seed for latent in grid] == [10, 11, 12, 13, 14]
    assert len({(latent.temperature, latent.coherence, latent.brightness) for latent in grid}) == 1


def test_neighbours_stay_nearer_than_strangers() -> None:
    chosen = Latent(seed=7, temperature=0.8)
    block = (slice(0, 6), slice(0, 6), 6, 6)
    at = chosen.offset_block(*block)
    near = [other.offset_block(*block) for other in neighbours(chosen, 3, seed=50, spread=0.3)]
    far = Latent(seed=50, temperature=0.8).offset_block(*block)
    assert at is not None and far is not None
    for other in near:
        assert other is not None
        assert 0.05 < np.abs(other - at).mean() < 0.6 * np.abs(far - at).mean()
