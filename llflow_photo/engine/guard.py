"""Latent bounds that keep a flow's inverse stable.

The inverse divides by scales that a network predicts. For unusual latents (a temperature of 1 and more, lamps
far brighter than any in training), one small scale can cause large values, which cause even smaller scales in
the next steps, and some positions are filled with noise. Therefore the latent between the steps is clamped to
the range it has in ordinary renderings, with a margin, and no self-coupling may amplify it more than
`LARGEST_GAIN` times. Ordinary latents reach neither limit, and their inverse is exactly the flow's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..flow import LLFlow
from .calibration import calibration_image

__all__ = ["LARGEST_GAIN", "Bounds", "latent_bounds"]

LARGEST_GAIN = 4.0
"""Upper bound of ``1 / scale`` of the self-couplings; in ordinary renderings it is below 2."""

_MARGIN = 1.5
_FINEST_MARGIN = 2.0
_IN_RANGE = 0.99
"""Fraction of a rendering's values near [0, 1] above which the network counts as trained."""
_GAINS = (0.35, 0.7, 1.5, 2.4)
_TINTS = ((1.25, 1.0, 0.8), (0.8, 1.0, 1.25))


class Bounds(NamedTuple):
    """Largest magnitudes of the latent after one conditional step, each 1 x C x 1 x 1, float32.

    Attributes:
        usual: for latents that differ from the mean by noise only.
        far: for latents that are also shifted along the model's `GainPath`.
    """

    usual: Tensor
    far: Tensor


@torch.inference_mode()
def latent_bounds(flow: LLFlow) -> list[list[Bounds]] | None:
    """Measure bounds of the latent after every conditional step; None for untrained networks.

    They are measured on a calibration photo: on its mean rendering and a sample at temperature 0.8 and, for
    the far bounds, on brighter, darker, warmer and cooler versions. The images are mapped from image to
    latent, the direction that is numerically stable.

    Returns:
        bounds per level, finest first, and conditional step. They are per channel, except on the finest
        level, whose few channels share one bound.
    """
    device = next(flow.parameters()).device
    image, noise = (part.to(device) for part in calibration_image())
    conditioning = flow.encode(image)
    rendering = flow.decode(conditioning)
    if not float(((rendering > -0.5) & (rendering < 1.5)).float().mean()) > _IN_RANGE:
        return None
    sample = flow.decode(conditioning, conditioning.mean + 0.8 * noise)
    clipped = rendering.clamp(0.02, 0.98)
    changed = [clipped * gain for gain in _GAINS]
    changed += [clipped * clipped.new_tensor(tint).view(1, 3, 1, 1) for tint in _TINTS]
    z = conditioning.relative(torch.cat([rendering, sample, *changed]))
    bounds: list[list[Bounds]] = []
    for number, (level, conditions) in enumerate(zip(flow.flow.levels, conditioning.couplings, strict=True)):
        z, reached = _through(level, z, conditions)
        bounds.append([_bounds_of(most, finest=number == 0) for most in reached])
    return bounds


def _bounds_of(reached: Tensor, finest: bool) -> Bounds:
    """Bounds from the largest magnitudes in each image, N x C x 1 x 1, of which the first two are usual."""
    usual, far = reached[:2].amax(0, keepdim=True), reached.amax(0, keepdim=True)
    if finest:
        usual, far = usual.max().expand_as(usual), far.max().expand_as(far)
    margin = _FINEST_MARGIN if finest else _MARGIN
    return Bounds(margin * usual, margin * far)


def _through(level: Any, z: Tensor, conditions: tuple[Any, ...]) -> tuple[Tensor, list[Tensor]]:
    """Run one level, image to latent; also return the largest magnitudes after each step, N x C x 1 x 1."""
    z = functional.pixel_unshuffle(z, 2)
    for step in level.transitions:
        z, _ = step(z, None)
    reached = []
    for step, condition in zip(level.conditional, conditions, strict=True):
        z, _ = step(z, condition)
        reached.append(z.abs().amax((2, 3), keepdim=True))
    return z, reached
