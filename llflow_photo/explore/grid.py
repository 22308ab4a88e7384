"""Which latents to show side by side, so that a person sees the choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..engine.latent import AnyLatent, Latent, around

__all__ = ["COHERENCE", "TEMPERATURE", "default_grid", "neighbours"]

TEMPERATURE = 0.8
"""Of a grid where the user asked for no noise."""
COHERENCE = 1.0
"""The same: brightness and white balance vary, which is what a person sees in thumbnails."""

_CANDIDATES = 24
"""Seeds looked at for each one taken."""
_FARTHEST = 1.8
"""Renderings farther out than this many standard deviations are too rare to be shown."""


def default_grid(
    count: int,
    seed: int = 0,
    temperature: float = TEMPERATURE,
    coherence: float = COHERENCE,
    brightness: float = 0.0,
) -> list[Latent]:
    """``count`` latents that differ only in their seeds, chosen so that the renderings differ visibly.

    Of the seeds from ``seed`` up, each one taken is that whose gains (exposure and warmth, which the noise
    decides before the network is asked) lie farthest from those of all taken before; gains that few
    renderings have are left out. Without coherence there are no gains, and the seeds are consecutive.

    Returns:
        the latents, by growing exposure.
    """
    candidates = [
        Latent(seed + number, temperature, coherence, brightness) for number in range(_CANDIDATES * count)
    ]
    gains = [_gains_of(latent) for latent in candidates]
    if any(gain is None for gain in gains):
        return candidates[:count]
    places = np.array(gains)
    places /= np.maximum(places.std(0), 1e-9)
    taken = _spread_out(places, count)
    return [candidates[index] for index in sorted(taken, key=lambda index: float(places[index, 0]))]


def _gains_of(latent: Latent) -> np.ndarray | None:
    """Mean gains over a small frame, 2 values in EV."""
    block = latent.gain_noise_block(slice(0, 8), slice(0, 12), 8, 12)
    return None if block is None else block.mean((1, 2))


def _spread_out(places: np.ndarray, count: int) -> list[int]:
    """Indices of places that are far from each other, the most ordinary one first."""
    outside = np.linalg.norm(places, axis=1) > _FARTHEST
    taken = [int(np.argmin(np.linalg.norm(places, axis=1)))]
    while len(taken) < count:
        distance = np.min([np.linalg.norm(places - places[index], axis=1) for index in taken], axis=0)
        distance[outside] *= 1e-3
        taken.append(int(np.argmax(distance)))
    return taken


def neighbours(chosen: AnyLatent, count: int, seed: int = 0, spread: float = 0.4) -> list[AnyLatent]:
    """``count`` latents near ``chosen``, with fresh noise of the seeds ``seed``, ``seed + 1``, and so on.

    Args:
        chosen: where it has no noise of its own, that of `default_grid` is mixed in.
        spread: 0 gives ``chosen`` itself, 1 is all new.
    """
    if isinstance(chosen, Latent) and chosen.temperature == 0:
        chosen = replace(chosen, coherence=chosen.coherence or COHERENCE)
    return [around(chosen, seed + number, spread, TEMPERATURE) for number in range(count)]
