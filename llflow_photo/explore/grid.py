"""Latents to show side by side, for users to choose from."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from ..engine.latent import AnyLatent, Latent, around, look_scales, seeds_of
from ..errors import OptionError

__all__ = ["TEMPERATURE", "default_grid", "neighbours", "varied_grid"]

TEMPERATURE = 0.8
"""Temperature of a grid if that of the user's rendering is 0."""

_VARIED_EV = 0.5
"""Brightness difference of the first and the last third of a varied grid to the others, EV."""
_BRIGHTNESS_EV = (-2.0, 1.0)
"""Range of a latent's brightness."""
_CANDIDATES = 24
"""Number of candidate seeds for each selected one."""
_FARTHEST = 1.8
"""Looks farther from the mean, in standard deviations, are too rare to be shown."""
_DIRECTIONS = 3
"""Number of directions of the frame's look that are considered."""


def default_grid(
    count: int,
    seed: int = 0,
    temperature: float = TEMPERATURE,
    grain: float = 0.0,
    brightness: float = 0.0,
) -> list[Latent]:
    """Select ``count`` latents that differ only in their seeds and have visibly different renderings.

    Of the candidate seeds from ``seed`` up, the next one selected is always that whose look of the frame is
    farthest from those already selected; rare looks are excluded.

    Returns:
        the latents, ordered along the direction in which renderings differ most.

    Raises:
        OptionError: ``count`` is less than 1.
    """
    if count < 1:
        raise OptionError(f"count is {count}; a grid has at least one latent")
    candidates = [
        Latent(seed + number, temperature, grain, brightness) for number in range(_CANDIDATES * count)
    ]
    looks = [latent.look() for latent in candidates]
    if temperature == 0:
        return candidates[:count]
    places = np.array([look[:_DIRECTIONS, 0] for look in looks if look is not None])
    places /= look_scales(temperature)[0]
    taken = _spread_out(places, count)
    return [candidates[index] for index in sorted(taken, key=lambda index: float(places[index, 0]))]


def varied_grid(
    count: int,
    seed: int = 0,
    temperature: float = TEMPERATURE,
    grain: float = 0.0,
    brightness: float = 0.0,
) -> list[Latent]:
    """Select ``count`` latents with different brightness and colors.

    A third of them is darker than ``brightness`` by 0.5 EV and a third is brighter; the one in the middle is
    the best guess.

    Returns:
        the latents, the dark ones first.

    Raises:
        OptionError: ``count`` is less than 1.
    """
    grid = default_grid(count, seed, temperature, grain)
    low, high = min(_BRIGHTNESS_EV[0], brightness), max(_BRIGHTNESS_EV[1], brightness)
    varied = []
    for place, latent in enumerate(grid):
        third = 3 * place // count - 1
        shifted = min(max(brightness + _VARIED_EV * third, low), high)
        varied.append(replace(latent, brightness=shifted))
    varied[count // 2] = Latent(varied[count // 2].seed, brightness=brightness)
    return varied


def _spread_out(places: np.ndarray, count: int) -> list[int]:
    """Indices of places that are far from each other, the one nearest to the mean first."""
    outside = np.abs(places).max(1) > _FARTHEST
    taken = [int(np.argmin(np.linalg.norm(places, axis=1)))]
    while len(taken) < count:
        distance = np.min([np.linalg.norm(places - places[index], axis=1) for index in taken], axis=0)
        distance[outside] *= 1e-3
        taken.append(int(np.argmax(distance)))
    return taken


def neighbours(chosen: AnyLatent, count: int, seed: int = 0, spread: float = 0.4) -> list[AnyLatent]:
    """Create ``count`` latents near ``chosen``, mixed with looks of the seeds ``seed``, ``seed + 1``, ...

    Args:
        chosen: a latent; if it is the best guess, the looks have `default_grid`'s temperature.
        spread: 0 returns ``chosen``, 1 independent latents.

    Seeds of ``chosen`` are left out: its own look, added to it, would exaggerate it.
    """
    known = seeds_of(chosen)
    fresh = (number for number in itertools.count(seed) if number not in known)
    return [around(chosen, number, spread, TEMPERATURE) for number in itertools.islice(fresh, count)]
