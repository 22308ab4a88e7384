"""Which latents to show side by side, so that a person sees the choice."""

from __future__ import annotations

from ..engine.latent import AnyLatent, Latent, around

__all__ = ["default_grid", "neighbours"]


def default_grid(
    count: int, seed: int = 0, temperature: float = 0.8, coherence: float = 1.0, brightness: float = 0.0
) -> list[Latent]:
    """``count`` latents that differ only in their seeds, ``seed``, ``seed + 1``, and so on.

    By default the noise is constant over the frame: renderings differ in brightness and white balance, which
    is what a person sees in thumbnails; independent noise only changes mottling.
    """
    return [Latent(seed + number, temperature, coherence, brightness) for number in range(count)]


def neighbours(chosen: AnyLatent, count: int, seed: int = 0, spread: float = 0.4) -> list[AnyLatent]:
    """``count`` latents near ``chosen``, with fresh noise of the seeds ``seed``, ``seed + 1``, and so on.

    Args:
        spread: 0 gives ``chosen`` itself, 1 is all new.
    """
    return [around(chosen, seed + number, spread) for number in range(count)]
