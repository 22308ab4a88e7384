"""A region's latent is the whole frame's latent there."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.engine.latent import Latent, interpolate
from llflow_photo.explore.grid import default_grid, neighbours
from llflow_photo.explore.placed import place, with_brightness
from llflow_photo.explore.region import Region


def test_a_placed_latent_holds_the_frame_s_values() -> None:
    latent = Latent(seed=3, temperature=0.7, coherence=0.4, brightness=0.3)
    placed = place(latent, Region((200, 300), (100, 150), (16, 64), (40, 104)))
    whole, part = (slice(0, 13), slice(0, 19), 13, 19), (slice(0, 6), slice(0, 8), 6, 8)
    for of_frame, of_region in (
        (latent.offset_block(*whole), placed.offset_block(*part)),
        (latent.gain_block(*whole), placed.gain_block(*part)),
        (latent.gain_noise_block(*whole), placed.gain_noise_block(*part)),
    ):
        assert of_frame is not None and of_region is not None
        np.testing.assert_allclose(of_region, of_frame[:, 2:8, 5:13], atol=1e-6)


def test_a_whole_frame_needs_no_placing() -> None:
    latent = Latent(seed=1, temperature=1.0)
    assert place(latent, Region((80, 80), (40, 40), (0, 40), (0, 40))) is latent


def test_brightness_reaches_every_part_of_a_blend() -> None:
    blend = interpolate(Latent(1, 0.8), Latent(2, 0.8), 0.3)
    brighter = with_brightness(blend, 0.5)
    assert brighter.brightness == pytest.approx(0.5)
    assert place(brighter, Region((80, 80), (80, 80), (0, 40), (0, 80))).brightness == pytest.approx(0.5)


def test_the_grid_s_latents_differ_only_in_their_seeds() -> None:
    grid = default_grid(9, seed=10)
    assert len({latent.seed for latent in grid}) == 9 and min(latent.seed for latent in grid) >= 10
    assert len({(latent.temperature, latent.coherence, latent.brightness) for latent in grid}) == 1
    assert default_grid(9, seed=10) == grid


@pytest.mark.parametrize("seed", [0, 1000, 77])
def test_the_grid_spans_what_a_person_sees_and_nothing_implausible(seed: int) -> None:
    point = (slice(0, 1), slice(0, 1), 1, 1)
    gains = [latent.gain_noise_block(*point) for latent in default_grid(9, seed)]
    exposure, warmth = np.array([gain.ravel() for gain in gains if gain is not None]).T
    assert (np.diff(exposure) >= 0).all()
    assert 0.8 < np.ptp(exposure) < 2.5 and 0.4 < np.ptp(warmth) < 1.8
    places = np.stack([exposure, warmth], 1)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1) + 9 * np.eye(9)
    assert apart.min() > 0.15


def test_without_coherence_seeds_are_consecutive() -> None:
    assert [latent.seed for latent in default_grid(4, 5, coherence=0.0)] == [5, 6, 7, 8]


def test_neighbours_of_the_best_guess_differ_visibly() -> None:
    point = (slice(0, 1), slice(0, 1), 1, 1)
    near = [other.gain_noise_block(*point) for other in neighbours(Latent(), 4)]
    assert np.std([gain[0] for gain in near if gain is not None]) > 0.03


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
