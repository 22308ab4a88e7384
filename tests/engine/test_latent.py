"""Latents as descriptions."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.engine import Blend, Latent, around, interpolate
from llflow_photo.errors import OptionError

ALL = (slice(0, 40), slice(0, 60), 40, 60)


@pytest.mark.parametrize("coherence", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_any_block_is_cut_from_the_same_field(coherence: float) -> None:
    latent = Latent(5, 1.0, coherence)
    whole = latent.noise_block(*ALL)
    assert whole.shape == (192, 40, 60)
    assert whole.dtype == np.float32
    for rows, cols in ((slice(0, 1), slice(59, 60)), (slice(13, 33), slice(7, 50))):
        block = latent.noise_block(rows, cols, 40, 60)
        np.testing.assert_allclose(block, whole[:, rows, cols], atol=1e-5)


def test_independent_noise_is_standard_normal() -> None:
    noise = Latent(1, 1.0).noise_block(slice(0, 64), slice(0, 64), 64, 64).astype(np.float64)
    assert abs(noise.mean()) < 0.005
    assert abs(noise.var() - 1) < 0.005
    assert abs((noise**4).mean() - 3) < 0.05
    flat = noise.reshape(192, -1)
    correlation = np.corrcoef(flat)
    assert np.abs(correlation - np.eye(192)).max() < 0.1
    neighbours = (noise[:, 1:] * noise[:, :-1]).mean()
    assert abs(neighbours) < 0.01


def test_noise_does_not_depend_on_the_size_of_the_photo_where_it_is_independent() -> None:
    block = slice(3, 9), slice(4, 20)
    small, large = (Latent(1, 1.0).noise_block(*block, size, size) for size in (20, 2000))
    np.testing.assert_array_equal(small, large)


def test_seeds_give_unrelated_noise() -> None:
    first, second = (Latent(seed, 1.0).noise_block(*ALL).ravel() for seed in (0, 2**70))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.01


def test_a_blend_keeps_the_variance() -> None:
    parts = tuple((Latent(seed, 0.7), weight) for seed, weight in ((1, 3.0), (2, 4.0), (3, -1.0)))
    offset = Blend(parts).offset_block(*ALL)
    assert offset is not None
    assert abs(offset.std() - 0.7) < 0.01


def test_interpolation_runs_from_one_to_the_other() -> None:
    first, second = Latent(1, 0.8), Latent(2, 0.8, brightness=1.0)
    assert interpolate(first, second, 0) is first
    assert interpolate(first, second, 1) is second
    middle = interpolate(first, second, 0.5)
    offset = middle.offset_block(*ALL)
    ends = [latent.offset_block(*ALL) for latent in (first, second)]
    assert offset is not None
    for end in ends:
        assert end is not None
        assert np.corrcoef(offset.ravel(), end.ravel())[0, 1] == pytest.approx(0.5**0.5, abs=0.01)
    assert middle.brightness == pytest.approx(0.5)
    with pytest.raises(OptionError, match="position"):
        interpolate(first, second, 1.5)


def test_latents_around_a_chosen_one_stay_near() -> None:
    chosen = Latent(1, 0.8)
    near = [around(chosen, seed, 0.2).offset_block(*ALL) for seed in (2, 3)]
    base = chosen.offset_block(*ALL)
    assert base is not None
    for offset in near:
        assert offset is not None
        assert np.corrcoef(offset.ravel(), base.ravel())[0, 1] > 0.9
        assert abs(offset.std() - 0.8) < 0.01
    assert around(chosen, 2, 0.0) is chosen


def test_latents_are_values() -> None:
    assert len({Latent(1), Latent(1), Blend(((Latent(1), 1.0),)), Blend(((Latent(1), 1.0),))}) == 2


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Latent(seed=-1),
        lambda: Latent(temperature=-0.1),
        lambda: Latent(temperature=float("nan")),
        lambda: Latent(coherence=1.1),
        lambda: Latent(brightness=float("inf")),
        lambda: Blend(()),
        lambda: Blend(((Latent(), 0.0),)),
    ],
)
def test_impossible_latents_are_refused(bad: object) -> None:
    with pytest.raises(OptionError):
        bad()  # type: ignore[operator]
