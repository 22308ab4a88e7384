"""The latents of a grid differ visibly, and only in their seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llflow_photo.api import load_enhancer
from llflow_photo.color.spaces import decode
from llflow_photo.engine.latent import Latent, interpolate
from llflow_photo.errors import OptionError
from llflow_photo.explore import encode_region
from llflow_photo.explore.grid import default_grid, neighbours, varied_grid
from llflow_photo.explore.region import visible_region
from llflow_photo.files import read
from llflow_photo.options import Options

_ROCKET = Path(__file__).parents[2] / "sample_images" / "rocket-launch.jpg"


def test_the_grids_latents_differ_only_in_their_seeds() -> None:
    grid = default_grid(9, seed=10)
    assert len({latent.seed for latent in grid}) == 9 and min(latent.seed for latent in grid) >= 10
    assert len({(latent.temperature, latent.grain, latent.brightness) for latent in grid}) == 1
    assert default_grid(9, seed=10) == grid


@pytest.mark.parametrize("seed", [0, 1000, 77])
def test_the_grid_covers_looks_without_rare_ones(seed: int) -> None:
    looks = np.array([latent.look()[:3, 0] for latent in default_grid(9, seed, temperature=1.0)])  # type: ignore[index]
    assert (np.diff(looks[:, 0]) >= 0).all()
    assert np.abs(looks).max() < 1.81
    assert np.ptp(looks, axis=0).min() > 2
    apart = np.linalg.norm(looks[:, None] - looks[None], axis=-1) + 9 * np.eye(9)
    assert apart.min() > 0.8


def test_a_grid_without_temperature_takes_consecutive_seeds() -> None:
    assert [latent.seed for latent in default_grid(4, 5, temperature=0.0)] == [5, 6, 7, 8]


@pytest.mark.parametrize("grid", [default_grid, varied_grid])
@pytest.mark.parametrize("count", [0, -1])
def test_a_grid_has_at_least_one_latent(grid: Callable[..., list[Latent]], count: int) -> None:
    assert len(grid(1)) == 1
    for temperature in (0.0, 0.8):
        with pytest.raises(OptionError, match=f"count is {count}"):
            grid(count, temperature=temperature)


def test_a_varied_grid_has_dark_normal_and_bright_latents_around_the_best_guess() -> None:
    grid = varied_grid(9, seed=10, brightness=0.25)
    assert [latent.brightness for latent in grid] == 3 * [-0.25] + 3 * [0.25] + 3 * [0.75]
    assert grid[4] == Latent(grid[4].seed, brightness=0.25)
    others = grid[:4] + grid[5:]
    assert len({latent.seed for latent in grid}) == 9
    assert {latent.temperature for latent in others} == {0.8}
    assert max(latent.brightness for latent in varied_grid(4, brightness=0.9)) == 1.0


@pytest.mark.parametrize(("model", "most"), [("night-compact", 1.5), ("lol-compact", 2.0)])
@pytest.mark.parametrize("first", [0, 128])
def test_no_rendering_of_a_varied_grid_is_far_darker_or_brighter_than_the_best_guess(
    model: str, most: float, first: int
) -> None:
    photo = read(_ROCKET)
    height, width = photo.pixels.shape[:2]
    region = visible_region((height, width), ((0, 0), (height, width)), most_pixels=20_000)
    encoded = encode_region(load_enhancer(model), photo, region)
    images = [encoded.render(latent, Options(model=model)) for latent in varied_grid(9, first)]
    stops = np.log2([decode(image, "srgb").mean() for image in images])
    assert np.abs(stops - stops[4]).max() < most
    assert np.ptp(stops) > 1.0


def test_neighbours_of_the_best_guess_differ_visibly() -> None:
    looks = [other.look() for other in neighbours(Latent(), 4)]
    assert np.std([look[0, 0] for look in looks if look is not None]) > 0.1


def test_neighbours_do_not_exaggerate_the_chosen_latent() -> None:
    chosen = interpolate(Latent(3, 0.8), Latent(5, 0.8), 0.5)
    seeds = [{part.seed for part, _ in other.parts[1:]} for other in neighbours(chosen, 4, seed=2)]  # type: ignore[union-attr]
    assert seeds == [{2}, {4}, {6}, {7}]


def test_a_varied_grid_far_from_the_usual_brightness_stays_around_it() -> None:
    assert {latent.brightness for latent in varied_grid(9, brightness=-4.0)} == {-4.0, -3.5}


def test_neighbours_are_nearer_than_other_latents() -> None:
    chosen = Latent(seed=7, temperature=0.8)
    at, far = chosen.look(), Latent(seed=50, temperature=0.8).look()
    assert at is not None and far is not None
    for other in neighbours(chosen, 3, seed=50, spread=0.3):
        look = other.look()
        assert look is not None
        assert 0.05 < np.abs(look - at).mean() < 0.6 * np.abs(far - at).mean()
