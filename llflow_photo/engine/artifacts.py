"""Where the model objects to a picture: the gradient activation map of its likelihood.

The flow takes a picture y of the photo x to its latent; ``r = f(y | x) - mean`` is at once the latent's
activation and the gradient of the negative log-likelihood ``r^2 / 2`` with respect to it, so ``r^2`` is
gradient times activation. A picture the model made has the same small or white r everywhere. An artifact
shows in one of three ways: r grows (noise), many neighbouring positions agree in r (a patch of false color:
seen in sums over neighbours), or r is too small where its surroundings are not (blur). So the map adds, over
windows of 1, 3 and 5 positions, how far the energy of the summed r departs from what is usual in the frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..errors import ImageInputError

if TYPE_CHECKING:
    from ..callbacks import Cancel, Progress
    from .encoded_photo import EncodedPhoto

__all__ = ["activation_map", "departure"]

_WINDOWS = (1, 3, 5)
"""Latent positions (of 8 pixels) summed over, per side."""
_SMOOTHING = 3
_NEGLIGIBLE = 1e-2
"""Departures far below this, in squared standard deviations of the prior, are rounding and clipping."""
_POSITION = 8
_REACH = 2
"""Positions beside padding whose residual it still changes."""


def activation_map(
    encoded: EncodedPhoto,
    picture: np.ndarray,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> np.ndarray:
    """Where ``picture`` is unlike what the model would make of the encoded's photo.

    Pixels clipped to black or white are no objection where the model's own rendering goes beyond, too.

    Args:
        encoded: the photo.
        picture: H x W x 3, sRGB-encoded, float in [0, 1]: one of the encoded's renderings, perhaps edited, or
            any picture of the same frame.
        progress: called with tiles done and tiles in all.
        cancel: asked before each tile.

    Returns:
        H x W, float32, from 0 up: 1 is the usual departure within the frame, 3 and more stands out. It
        judges renderings and edits of them. In photographs, which the model did not make, it finds noise and
        strong false color, hardly blur, stripes or JPEG blocks (docs/findings.md).

    Raises:
        ImageInputError: the picture's size is not the photo's.
    """
    height, width = encoded.shape
    if picture.shape != (height, width, 3):
        raise ImageInputError(
            f"the picture is {picture.shape}, the photo ({height}, {width}, 3): they must agree"
        )
    residual = torch.from_numpy(encoded.residual(picture, progress=progress, cancel=cancel))
    inside = residual[None, :, : _own_positions(height), : _own_positions(width)]
    heat = departure(inside)
    heat = functional.interpolate(heat, scale_factor=_POSITION, mode="bilinear", align_corners=False)
    beyond = (0, max(0, width - heat.shape[3]), 0, max(0, height - heat.shape[2]))
    heat = functional.pad(heat, beyond, mode="replicate")
    return np.ascontiguousarray(heat[0, 0, :height, :width].numpy())


def _own_positions(side: int) -> int:
    """Latent positions along a side that do not see the padding beyond it, which the model did not render."""
    whole, padded = divmod(side, _POSITION)
    return max(1, whole - _REACH if padded else whole)


def departure(residual: Tensor) -> Tensor:
    """Departure of a latent's residual from what is usual in its frame: N x C x h x w to N x 1 x h x w."""
    total = torch.zeros_like(residual[:, :1])
    for window in _WINDOWS:
        energy = _pooled(residual, window).square().mean(1, keepdim=True)
        energy = _averaged(energy, _SMOOTHING)
        unusual = (energy - _median(energy)).abs()
        total += unusual / (_median(unusual) + _NEGLIGIBLE)
    return total / len(_WINDOWS)


def _pooled(x: Tensor, window: int) -> Tensor:
    """Sum over the window around each position, within the frame; white noise keeps its variance."""
    count = functional.avg_pool2d(torch.ones_like(x[:, :1]), window, 1, window // 2) * window**2
    return functional.avg_pool2d(x, window, 1, window // 2) * window**2 / count.sqrt()


def _averaged(x: Tensor, window: int) -> Tensor:
    """Mean over the window around each position that lies inside the frame."""
    return functional.avg_pool2d(x, window, 1, window // 2, count_include_pad=False)


def _median(x: Tensor) -> Tensor:
    return x.flatten(1).median(1).values.view(-1, 1, 1, 1)
