"""Where a flow's inverse can be trusted, measured on pictures it knows.

The inverse divides by scales that a network predicts. Driven by a latent it has hardly seen (a temperature of
1 and more, lamps far brighter than any in training), one small scale makes large values, which make the next
scale smaller still, and a few positions fill with noise. So the latent between the steps is held within what
it reaches in renderings known to be good, with a margin, and no step of the latent's own may amplify it more
than `LARGEST_GAIN` times. Where a latent is usual neither is ever reached, and the inverse is the flow's own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..flow import LLFlow
from .calibration import calibration_image

__all__ = ["LARGEST_GAIN", "Bounds", "trust_region"]

LARGEST_GAIN = 4.0
"""Bound of ``1 / scale`` of the self-couplings; in good renderings it stays below 2."""

_MARGIN = 1.5
_FINEST_MARGIN = 2.0
_IN_RANGE = 0.99
"""Share of a rendering's values near [0, 1] that tells a trained network from random weights."""
_GAINS = (0.35, 0.7, 1.5, 2.4)
_TINTS = ((1.25, 1.0, 0.8), (0.8, 1.0, 1.25))


class Bounds(NamedTuple):
    """Largest magnitudes of the latent behind one conditional step, each 1 x C x 1 x 1, float32.

    Attributes:
        usual: for latents that differ from the mean by noise.
        far: for latents that also move along the model's `GainPath`, to brighter or warmer renderings.
    """

    usual: Tensor
    far: Tensor


@torch.inference_mode()
def trust_region(flow: LLFlow) -> list[list[Bounds]] | None:
    """Bounds of the latent behind every conditional step; None of a network that does not make pictures.

    Measured on one calibration photo: its mean rendering and a sample at temperature 0.8, and for the far
    bounds brighter, darker, warmer and cooler versions, each taken through the flow towards the latent, which
    cannot blow up.

    Returns:
        per level, finest first, per conditional step. Per channel; on the finest level, where single channels
        have little to go by, one bound for all.
    """
    device = next(flow.parameters()).device
    image, noise = (part.to(device) for part in calibration_image())
    given = flow.encode(image)
    rendering = flow.decode(given)
    if not float(((rendering > -0.5) & (rendering < 1.5)).float().mean()) > _IN_RANGE:
        return None
    sample = flow.decode(given, given.mean + 0.8 * noise)
    clipped = rendering.clamp(0.02, 0.98)
    changed = [clipped * gain for gain in _GAINS]
    changed += [clipped * clipped.new_tensor(tint).view(1, 3, 1, 1) for tint in _TINTS]
    z = given.relative(torch.cat([rendering, sample, *changed]))
    bounds: list[list[Bounds]] = []
    for number, (level, conditions) in enumerate(zip(flow.flow.levels, given.couplings, strict=True)):
        z, reached = _through(level, z, conditions)
        bounds.append([_bounds_of(most, finest=number == 0) for most in reached])
    return bounds


def _bounds_of(reached: Tensor, finest: bool) -> Bounds:
    """From the largest magnitudes in each picture, N x C x 1 x 1, the first two being usual ones."""
    usual, far = reached[:2].amax(0, keepdim=True), reached.amax(0, keepdim=True)
    if finest:
        usual, far = usual.max().expand_as(usual), far.max().expand_as(far)
    margin = _FINEST_MARGIN if finest else _MARGIN
    return Bounds(margin * usual, margin * far)


def _through(level: Any, z: Tensor, conditions: tuple[Any, ...]) -> tuple[Tensor, list[Tensor]]:
    """One level, image to latent, and the largest magnitudes behind each conditional step, N x C x 1 x 1."""
    z = functional.pixel_unshuffle(z, 2)
    for step in level.transitions:
        z, _ = step(z, None)
    reached = []
    for step, condition in zip(level.conditional, conditions, strict=True):
        z, _ = step(z, condition)
        reached.append(z.abs().amax((2, 3), keepdim=True))
    return z, reached
