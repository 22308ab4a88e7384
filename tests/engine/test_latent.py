"""Descriptions of latents."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from llflow_photo.engine import AnyLatent, Blend, Latent, around, interpolate
from llflow_photo.errors import OptionError
from llflow_photo.flow.basis import DIRECTIONS, ORDERS

ALL = (slice(0, 40), slice(0, 60))


def noise(latent: AnyLatent, rows: slice = ALL[0], cols: slice = ALL[1], grain: bool = False) -> np.ndarray:
    block = latent.noise_block(rows, cols, grain=grain)
    assert block is not None
    return block


def test_blocks_are_parts_of_the_same_field() -> None:
    latent = Latent(5, 1.0)
    whole = noise(latent)
    assert whole.shape == (192, 40, 60)
    assert whole.dtype == np.float32
    for rows, cols in ((slice(0, 1), slice(59, 60)), (slice(13, 33), slice(7, 50))):
        np.testing.assert_allclose(noise(latent, rows, cols), whole[:, rows, cols], atol=1e-5)


def test_grain_scales_the_noise_and_not_the_look() -> None:
    plain, grainy = Latent(5, 0.8), Latent(5, 0.8, grain=0.25)
    assert plain.noise_block(*ALL, grain=True) is None
    np.testing.assert_allclose(noise(grainy, grain=True), 0.25 * noise(plain), atol=1e-6)
    np.testing.assert_array_equal(grainy.look(), plain.look())


@pytest.mark.parametrize(
    ("temperature", "of_frame", "of_regions"), [(0.5, 0.5**0.5, 0.5**8), (1.0, 1.0, 1.0), (1.5, 1.5, 1.5)]
)
def test_looks_are_normal_and_scaled_by_the_temperature(
    temperature: float, of_frame: float, of_regions: float
) -> None:
    looks = np.array([Latent(seed, temperature).look() for seed in range(400)])
    assert looks.shape == (400, DIRECTIONS, len(ORDERS))
    scaled = looks / np.r_[of_frame, np.full(len(ORDERS) - 1, of_regions)]
    assert abs(scaled.mean()) < 0.01
    np.testing.assert_allclose(scaled.std(0), 1.0, atol=0.16)
    flat = looks[:, :, :4].reshape(400, -1)
    assert np.abs(np.corrcoef(flat.T) - np.eye(flat.shape[1])).max() < 0.25


def test_few_seeds_cover_the_distribution_of_brightness() -> None:
    """The first value of the frame's look: eight consecutive seeds leave no gap of two eighths."""

    def brightness(seed: int) -> float:
        look = Latent(seed, 1.0).look()
        assert look is not None
        return float(look[0, 0])

    for first in (0, 5, 1000):
        quantiles = sorted(NormalDist().cdf(brightness(seed)) for seed in range(first, first + 8))
        assert max(np.diff([0.0, *quantiles, 1.0])) < 0.25
    assert abs(np.mean([brightness(seed) for seed in range(8)])) < 0.05
    assert brightness(2**64 + 3) == brightness(3)
    assert math.isfinite(brightness(18143307250438822083))  # its quantile is nearly 1


def test_there_is_no_look_at_temperature_0() -> None:
    assert Latent(3).look() is None


def test_grain_can_have_a_separate_seed() -> None:
    first, second = (Latent(7, 0.8, 1.0, detail_seed=1, grain_seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(first.look(), second.look())
    rows, cols = slice(0, 4), slice(0, 4)
    grains = [latent.noise_block(rows, cols, grain=True) for latent in (first, second, Latent(2, 0.8, 1.0))]
    assert not np.array_equal(grains[0], grains[1])
    np.testing.assert_array_equal(grains[1], grains[2])
    noise = [latent.noise_block(rows, cols, grain=False) for latent in (first, second)]
    np.testing.assert_array_equal(*noise)  # of a model without a prior: it is the look


def test_the_frames_look_depends_on_the_seed_and_the_rest_on_the_detail_seed() -> None:
    first, second = Latent(7, 0.8, 1.0, detail_seed=1), Latent(7, 0.8, 1.0, detail_seed=2)
    looks = [latent.look() for latent in (first, second)]
    assert looks[0] is not None and looks[1] is not None
    np.testing.assert_array_equal(looks[0][:, 0], looks[1][:, 0])
    assert np.abs(looks[0][:, 1:] - looks[1][:, 1:]).mean() > 0.8**8
    assert np.abs(noise(first) - noise(second)).mean() > 0.3
    np.testing.assert_array_equal(Latent(7, 0.8).look(), Latent(7, 0.8, detail_seed=7).look())


def test_independent_noise_is_standard_normal() -> None:
    values = noise(Latent(1, 1.0), slice(0, 64), slice(0, 64)).astype(np.float64)
    assert abs(values.mean()) < 0.005
    assert abs(values.var() - 1) < 0.005
    assert abs((values**4).mean() - 3) < 0.05
    flat = values.reshape(192, -1)
    correlation = np.corrcoef(flat)
    assert np.abs(correlation - np.eye(192)).max() < 0.1
    neighbors = (values[:, 1:] * values[:, :-1]).mean()
    assert abs(neighbors) < 0.01


def test_seeds_give_unrelated_noise() -> None:
    first, second = (noise(Latent(seed, 1.0)).ravel() for seed in (0, 2**70))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.01


def test_a_blend_keeps_the_variance() -> None:
    parts = tuple((Latent(seed, 0.7), weight) for seed, weight in ((1, 3.0), (2, 4.0), (3, -1.0)))
    assert abs(noise(Blend(parts)).std() - 0.7) < 0.01
    looks = [
        Blend(tuple((Latent(seed + k, 1.0), w) for k, (_, w) in enumerate(parts))).look()
        for seed in range(50)
    ]
    assert np.std([look for look in looks if look is not None]) == pytest.approx(1.0, abs=0.03)


def test_interpolation_runs_from_one_to_the_other() -> None:
    first, second = Latent(1, 0.8), Latent(2, 0.8, brightness=1.0)
    assert interpolate(first, second, 0) is first
    assert interpolate(first, second, 1) is second
    middle = interpolate(first, second, 0.5)
    offset = noise(middle)
    for end in (noise(first), noise(second)):
        assert np.corrcoef(offset.ravel(), end.ravel())[0, 1] == pytest.approx(0.5**0.5, abs=0.01)
    assert middle.brightness == pytest.approx(0.5)
    with pytest.raises(OptionError, match="position"):
        interpolate(first, second, 1.5)


def test_latents_around_a_latent_are_near_it() -> None:
    chosen = Latent(1, 0.8)
    near = [noise(around(chosen, seed, 0.2)) for seed in (2, 3)]
    base = noise(chosen)
    for offset in near:
        assert np.corrcoef(offset.ravel(), base.ravel())[0, 1] > 0.9
        assert abs(offset.std() - 0.8) < 0.01
    assert around(chosen, 2, 0.0) is chosen


def test_latents_are_hashable_values() -> None:
    assert len({Latent(1), Latent(1), Blend(((Latent(1), 1.0),)), Blend(((Latent(1), 1.0),))}) == 2


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Latent(seed=-1),
        lambda: Latent(temperature=-0.1),
        lambda: Latent(temperature=float("nan")),
        lambda: Latent(grain=1.1),
        lambda: Latent(detail_seed=-1),
        lambda: Latent(brightness=float("inf")),
        lambda: Blend(()),
        lambda: Blend(((Latent(), 0.0),)),
    ],
)
def test_invalid_latents_are_rejected(bad: object) -> None:
    with pytest.raises(OptionError):
        bad()  # type: ignore[operator]
