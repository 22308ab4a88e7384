"""Which latents to show side by side, so that a person sees the choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..engine.latent import AnyLatent, Latent, around

__all__ = ["TEMPERATURE", "VARIED_TEMPERATURE", "default_grid", "neighbours", "varied_grid"]

TEMPERATURE = 0.8
"""Of a grid where the user asked for the best guess."""

VARIED_TEMPERATURE = 1.0
"""Of pictures to choose from: at 0.8 the shipped models' looks are within 0.1 EV of each other."""
_VARIED_EV = 0.5
"""How much darker and brighter than the others the first and the last third of such pictures are."""
_BRIGHTNESS_EV = (-2.0, 1.0)
"""Range of a latent's brightness."""
_CANDIDATES = 24
"""Seeds looked at for each one taken."""
_FARTHEST = 1.8
"""Renderings farther out than this many standard deviations are too rare to be shown."""
_DIRECTIONS = 3
"""Of the frame's look, in which renderings differ most."""


def default_grid(
    count: int,
    seed: int = 0,
    temperature: float = TEMPERATURE,
    grain: float = 0.0,
    brightness: float = 0.0,
) -> list[Latent]:
    """``count`` latents that differ only in their seeds, chosen so that the renderings differ visibly.

    Of the seeds from ``seed`` up, each one taken is that whose look of the frame lies farthest from those of
    all taken before; looks that few renderings have are left out.

    Returns:
        the latents, ordered along the direction in which renderings differ most.
    """
    candidates = [
        Latent(seed + number, temperature, grain, brightness) for number in range(_CANDIDATES * count)
    ]
    looks = [latent.look() for latent in candidates]
    if temperature == 0:
        return candidates[:count]
    places = np.array([look[:_DIRECTIONS, 0] for look in looks if look is not None]) / temperature
    taken = _spread_out(places, count)
    return [candidates[index] for index in sorted(taken, key=lambda index: float(places[index, 0]))]


def varied_grid(
    count: int,
    seed: int = 0,
    temperature: float = VARIED_TEMPERATURE,
    grain: float = 0.0,
    brightness: float = 0.0,
) -> list[Latent]:
    """``count`` latents whose renderings a person would choose from: other brightness, other colors.

    A third is darker than ``brightness`` by 0.5 EV and a third brighter, each with looks of its own; in the
    middle is the best guess.

    Returns:
        the latents, the dark ones first.
    """
    grid = default_grid(count, seed, temperature, grain)
    low, high = _BRIGHTNESS_EV
    varied = [
        replace(latent, brightness=min(max(brightness + _VARIED_EV * (3 * place // count - 1), low), high))
        for place, latent in enumerate(grid)
    ]
    varied[count // 2] = Latent(varied[count // 2].seed, brightness=brightness)
    return varied


def _spread_out(places: np.ndarray, count: int) -> list[int]:
    """Indices of places that are far from each other, the most ordinary one first."""
    outside = np.abs(places).max(1) > _FARTHEST
    taken = [int(np.argmin(np.linalg.norm(places, axis=1)))]
    while len(taken) < count:
        distance = np.min([np.linalg.norm(places - places[index], axis=1) for index in taken], axis=0)
        distance[outside] *= 1e-3
        taken.append(int(np.argmax(distance)))
    return taken


def neighbours(chosen: AnyLatent, count: int, seed: int = 0, spread: float = 0.4) -> list[AnyLatent]:
    """``count`` latents near ``chosen``, with fresh looks of the seeds ``seed``, ``seed + 1``, and so on.

    Args:
        chosen: where it is the best guess, looks of `default_grid`'s temperature are mixed in.
        spread: 0 gives ``chosen`` itself, 1 is all new.
    """
    return [around(chosen, seed + number, spread, TEMPERATURE) for number in range(count)]
