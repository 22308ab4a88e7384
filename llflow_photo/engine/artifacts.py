"""Where an image is unlikely under the model: the gradient activation map of its likelihood.

The flow maps a rendering y of the photo x to its latent; ``r = f(y | x) - mean`` is at once the latent's
activation and the gradient of the negative log-likelihood ``r^2 / 2`` with respect to it, so ``r^2`` is
gradient times activation. In renderings of the model, r is zero or white noise. Artifacts change r in one of
three ways: r is larger (noise); r agrees at many neighboring positions (a patch of false color, visible in
sums over neighbors); or r is smaller than in its surroundings (blur). The map therefore averages, over
windows of 1, 3 and 5 positions, how far the energy of the summed r departs from its median over the frame.
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
"""Sides of the windows that are summed over, in latent positions (of 8 pixels)."""
_SMOOTHING = 3
_NEGLIGIBLE = 1e-2
"""Smaller departures, in squared standard deviations of the prior, are due to rounding and clipping."""
_POSITION = 8
_REACH = 2
"""Number of positions next to the padding whose residual the padding influences."""


def activation_map(
    encoded: EncodedPhoto,
    picture: np.ndarray,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> np.ndarray:
    """Compute where ``picture`` is unlike the model's renderings of the encoded photo.

    Pixels that are clipped to black or white do not count where the model's own rendering also exceeds the
    range.

    Args:
        encoded: the photo.
        picture: H x W x 3, sRGB-encoded, float in [0, 1]: a rendering, possibly edited, or any image of the
            same frame.
        progress: called with the number of tiles done and of all.
        cancel: called before each tile; the run ends if it returns true.

    Returns:
        H x W, float32, at least 0: 1 is the typical departure within the frame, values of 3 and more stand
        out. The map is meant for renderings and edits of them. Blur stands out in the best guess, but hardly
        in renderings at a temperature. In photographs the map finds noise and strong false color, but hardly
        blur, stripes or JPEG blocks (docs/findings.md).

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
    """Number of latent positions along a side that are not influenced by the padding."""
    whole, padded = divmod(side, _POSITION)
    return max(1, whole - _REACH if padded else whole)


def departure(residual: Tensor) -> Tensor:
    """Departure of a latent's residual from its median over the frame: N x C x h x w to N x 1 x h x w."""
    total = torch.zeros_like(residual[:, :1])
    for window in _WINDOWS:
        energy = _pooled(residual, window).square().mean(1, keepdim=True)
        energy = _averaged(energy, _SMOOTHING)
        unusual = (energy - _median(energy)).abs()
        total += unusual / (_median(unusual) + _NEGLIGIBLE)
    return total / len(_WINDOWS)


def _pooled(x: Tensor, window: int) -> Tensor:
    """Sum over a window around each position, scaled so that white noise keeps its variance."""
    count = functional.avg_pool2d(torch.ones_like(x[:, :1]), window, 1, window // 2) * window**2
    return functional.avg_pool2d(x, window, 1, window // 2) * window**2 / count.sqrt()


def _averaged(x: Tensor, window: int) -> Tensor:
    """Mean over a window around each position, positions outside the frame not counted."""
    return functional.avg_pool2d(x, window, 1, window // 2, count_include_pad=False)


def _median(x: Tensor) -> Tensor:
    return x.flatten(1).median(1).values.view(-1, 1, 1, 1)
