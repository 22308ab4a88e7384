"""Rendering frames in light of one color, such as a stage in magenta light, with a model trained on others.

If hardly any light of a frame is in one of its channels, the whole-photo branch and the encoder extrapolate:
the frame becomes far too bright and flat, and noise in the empty channels becomes structure. Such frames are
balanced before they go through the network, and the balance is undone in their renderings. Both are the same
linear map of light for the whole frame, all its tiles and its previews:

    balanced = ((1 - s) I + s D M) light,    M = (1 - a) I + a 1 w^T

M adds to each channel the share ``a`` of the mean ``w`` of the channels, so that empty ones contain detail
and not only amplified noise. D makes the frame gray on average. The strength ``s`` is 0 within the range of
the training inputs and 1 far outside of it. What the network does to all channels alike keeps the color.

Light of other colors, such as that of a white lamp in a red frame, is clipped by the balance. What is clipped
is added to the rendering again before the balance is undone.

The gray is darker than the frame's brightest channel, so that the network brightens the frame a little more:
a frame of one color is darker than its brightest channel, too, but that channel should not be clipped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from ..color.channel_levels import channel_levels

__all__ = ["ColorBalance"]

_FIRST, _FULL = 0.7, 0.35
"""Channel ratios below which a frame is balanced, and balanced completely, as fractions of the lowest one of
the training inputs. Frames a little outside their range are rendered well, and are as bright as they should
be."""
_NEEDED = 0.1
"""Models whose training inputs have lower channel ratios know frames of one color: they render them better
without a balance."""
_LOWEST_LEVEL = 0.15
"""Level of the lowest channel after the mean of the channels is added, relative to the highest one. The more
is added, the more a warm or cool look changes what is left after it is subtracted again."""
_BRIGHTNESS_POWER = 0.5
"""The gray is this power of the mean of the levels. With 1, reds and blues are clipped; with 0, frames become
darker than those of other colors."""


@dataclass(frozen=True, eq=False)
class ColorBalance:
    """A linear map of light for one frame.

    Attributes:
        matrix: 3 x 3, float32, on the device of the images.
        inverse: likewise.
    """

    matrix: Tensor
    inverse: Tensor

    @classmethod
    def of(
        cls, thumbnail: np.ndarray | None, lowest_ratio: float | None, device: torch.device | None = None
    ) -> Self | None:
        """The balance of a frame; None if it does not need one.

        Args:
            thumbnail: 3 x S x S, linear light, in [0, 1]; None if the network does not see it.
            lowest_ratio: lowest `channel_ratio` of the training inputs; None if it is not known.
            device: of the images.
        """
        if thumbnail is None or lowest_ratio is None or lowest_ratio < _NEEDED:
            return None
        levels = channel_levels(thumbnail)
        strength = _strength(float(levels.min()), lowest_ratio)
        if strength == 0.0:
            return None
        matrix = (1.0 - strength) * np.eye(3) + strength * _to_gray(levels)
        maps = (torch.from_numpy(m.astype(np.float32)).to(device) for m in (matrix, np.linalg.inv(matrix)))
        return cls(*maps)

    def thumbnail(self, light: np.ndarray) -> np.ndarray:
        """Balance a thumbnail, 3 x S x S in linear light, float32; the result is clipped to [0, 1]."""
        balanced = np.tensordot(self.matrix.cpu().numpy(), light, 1)
        return np.asarray(balanced.clip(0.0, 1.0), np.float32)

    def balanced(self, images: Tensor) -> Tensor:
        """Balance photos, N x 3 x H x W, sRGB-encoded; the result is clipped to [0, 1]."""
        return _encoded(_mapped(self.matrix, _light(images)).clamp_(0.0, 1.0))

    def restored(self, rendered: Tensor, images: Tensor) -> Tensor:
        """Undo the balance in renderings, N x 3 x H x W, sRGB-encoded, which may exceed [0, 1].

        Args:
            rendered: what the network rendered.
            images: the photos before `balanced`, likewise, or one of which there are N renderings.
        """
        light = _light(rendered)
        return _encoded(_mapped(self.inverse, light + self._clipped(light, images)))

    def balanced_picture(self, pictures: Tensor, rendered: Tensor, images: Tensor) -> Tensor:
        """Balance pictures of the photos like their renderings, so that `restored` is undone.

        Args:
            pictures: N x 3 x H x W, sRGB-encoded.
            rendered: renderings by the network, likewise: where they exceed [0, 1], so may the result.
            images: see `restored`.
        """
        light = _mapped(self.matrix, _light(pictures)) - self._clipped(_light(rendered), images)
        return _encoded(light).clamp_(rendered.clamp_max(0.0), rendered.clamp_min(1.0))

    def _clipped(self, rendered: Tensor, images: Tensor) -> Tensor:
        """Light that `balanced` clipped, brightened as much as the network brightened the rest of a pixel."""
        light = _mapped(self.matrix, _light(images))
        seen = light.clamp(0.0, 1.0)
        # A pixel of which something was clipped has at least one channel of 1.
        gain = rendered.sum(1, keepdim=True).clamp_min(0.0) / seen.sum(1, keepdim=True).clamp_min(1.0)
        return (light - seen).clamp_min(0.0) * gain


def _strength(ratio: float, lowest: float) -> float:
    """0 for channel ratios from a fraction of ``lowest`` on, 1 up to a smaller one, smooth in between."""
    share = math.log(max(ratio, 1e-6) / (_FIRST * lowest)) / math.log(_FULL / _FIRST)
    share = min(max(share, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


def _to_gray(levels: np.ndarray) -> np.ndarray:
    """``D M``: 3 x 3, float64, which maps the levels of a frame's channels, the highest 1, to one gray."""
    weights = levels / levels.sum()
    missing = max(0.0, _LOWEST_LEVEL - levels.min())
    share = missing / (missing + float(weights @ levels) * (1.0 - _LOWEST_LEVEL) + 1e-9)
    mixed = (1.0 - share) * np.eye(3) + share * weights
    gray = float(levels.mean()) ** _BRIGHTNESS_POWER
    return np.asarray(gray * mixed / (mixed @ levels)[:, None])


def _mapped(matrix: Tensor, light: Tensor) -> Tensor:
    """Apply a 3 x 3 matrix to the colors of N x 3 x H x W."""
    return torch.einsum("dc,nchw->ndhw", matrix, light)


def _light(encoded: Tensor) -> Tensor:
    """Linear light of sRGB-encoded values of any range."""
    curved = ((encoded.clamp_min(0.04045) + 0.055) / 1.055).pow(2.4)
    return torch.where(encoded > 0.04045, curved, encoded / 12.92)


def _encoded(light: Tensor) -> Tensor:
    """The inverse of `_light`."""
    curved = 1.055 * light.clamp_min(0.0031308).pow(1 / 2.4) - 0.055
    return torch.where(light > 0.0031308, curved, 12.92 * light)
