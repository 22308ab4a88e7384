"""The multi-scale encoder: a U-Net of residual blocks with a whole-photo branch.

A photo's exposure is changed by the gain that the branch predicts; then the photo is encoded at 1/2, 1/4, 1/8
(and 1/16, ...) of its size and decoded again (Ronneberger et al. 2015, arXiv:1505.04597). Every block's
features are scaled and shifted by the whole-photo vector (FiLM). Besides the flow's conditions and the
latent's mean, the output contains a base rendering and a scale; the flow models ``(image - base) / scale``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .precision import full_precision
from .sizes import UNetSize
from .whole_photo import GRID_CHANNELS, PhotoContext, grid_at

__all__ = ["ExposedPhoto", "ResidualBlock", "UNetEncoder", "UNetOutput", "exposed_photo", "scale_of"]

_DARKEST = 2.0**-11
_SCALE_FLOOR = 0.05
_RELATIVE_SCALE = 0.1
_SCALE_LIMIT = 3.0


class UNetOutput(NamedTuple):
    """Output of the encoder for a photo of H x W pixels (multiples of 8).

    Attributes:
        color_map: N x 3 x H x W, mean of the latent before squeezing.
        conditions: for levels 1, 2, 3: N x C x H/2^level x W/2^level.
        base: N x 3 x H x W, sRGB-encoded, not clipped: a first rendering.
        scale: N x 3 x H/2 x W/2, positive: the unit of the flow's output, see `scale_of`.
    """

    color_map: Tensor
    conditions: tuple[Tensor, ...]
    base: Tensor
    scale: Tensor


class ExposedPhoto(NamedTuple):
    """A photo with the exposure of the encoder's input.

    Attributes:
        encoded: N x 3 x H x W, sRGB-encoded, in [0, 1].
        stops: N x 3 x H x W, log2 of the light, scaled; not clipped, unlike ``encoded``.
    """

    encoded: Tensor
    stops: Tensor


def exposed_photo(image: Tensor, gain_ev: Tensor) -> ExposedPhoto:
    """Multiply in linear light by 2^gain: N x 3 x H x W, sRGB-encoded in [0, 1], and N gains in EV."""
    linear = ((image + 0.055) / 1.055).pow(2.4).where(image > 0.04045, image / 12.92)
    light = linear * torch.exp2(gain_ev).view(-1, 1, 1, 1).to(linear)
    stops = (light + _DARKEST).log2() * 0.15 + 0.5
    light = light.clamp(max=1.0)
    encoded = (1.055 * light.clamp_min(1e-4).pow(1 / 2.4) - 0.055).where(light > 0.0031308, 12.92 * light)
    return ExposedPhoto(encoded, stops)


def scale_of(logarithm: Tensor, base: Tensor) -> Tensor:
    """The flow's scale: a tenth of the base rendering (N x 3 x H x W) times ``exp(logarithm)``.

    Since it is proportional to the base, a constant shift of the flow's output is a change of exposure.
    """
    relative = logarithm.clamp(-_SCALE_LIMIT, _SCALE_LIMIT).exp() * _RELATIVE_SCALE
    return relative * (base.clamp(0.0, 1.0) + _SCALE_FLOOR)


class ResidualBlock(nn.Module):
    """``x + conv(relu(a * conv(x) + b))``, N x F x H x W; a and b depend on the whole-photo vector."""

    def __init__(self, features: int, vector: int) -> None:
        super().__init__()
        self.first = _conv(features, features)
        self.film = nn.Linear(vector, 2 * features)
        self.second = _conv(features, features)
        self.second.weight.data *= 0.2
        self.film.weight.data *= 0.1
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        scale, shift = self.film(vector)[:, :, None, None].chunk(2, 1)
        change: Tensor = self.second((self.first(x) * (1.0 + scale) + shift).relu())
        return x + change


class _Blocks(nn.ModuleList):
    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        for block in self:
            x = block(x, vector)
        return x


class UNetEncoder(nn.Module):
    """Maps an N x 3 x H x W photo and its context to `UNetOutput`; H and W are multiples of 2^scales."""

    def __init__(self, size: UNetSize) -> None:
        super().__init__()
        widths, vector = size.widths, size.vector
        self.enter = _conv(24, widths[0])
        self.down = nn.ModuleList(_Blocks(_repeated(n, widths[k], vector)) for k, n in enumerate(size.down))
        self.reduce = nn.ModuleList(nn.Conv2d(before, after, 2, 2) for before, after in pairwise(widths))
        self.grid = nn.Conv2d(GRID_CHANNELS, widths[-1], 1)
        self.expand = nn.ModuleList(nn.Conv2d(after, 4 * before, 1) for before, after in pairwise(widths))
        self.up = nn.ModuleList(_Blocks(_repeated(n, widths[k], vector)) for k, n in enumerate(size.up))
        self.color = nn.Conv2d(widths[0], 3, 1)
        self.base = _conv(widths[0], 12)
        self.scale = nn.Conv2d(widths[0], 3, 1)
        for head in (self.color, self.base, self.scale):
            nn.init.zeros_(head.weight)
            assert head.bias is not None
            nn.init.zeros_(head.bias)

    def forward(self, image: Tensor, context: PhotoContext, window: Tensor) -> UNetOutput:
        """Encode a photo or part of one.

        Args:
            image: N x 3 x H x W, sRGB-encoded, in [0, 1].
            context: for the N whole photos.
            window: N x 4, the position of each image in its frame, see `whole_photo.grid_at`.
        """
        seen = exposed_photo(image, context.gain_ev)
        x = self.enter(functional.pixel_unshuffle(torch.cat(seen, 1), 2))
        vector = context.vector
        skips = []
        for blocks, reduce in zip(self.down, self.reduce, strict=False):
            x = blocks(x, vector)
            skips.append(x)
            x = reduce(x)
        x = x + self.grid(grid_at(context.grid, window, *x.shape[2:]))
        x = self.down[-1](x, vector)
        features = [x]
        for expand, blocks, skip in zip(self.expand[::-1], self.up[::-1], skips[::-1], strict=True):
            x = functional.pixel_shuffle(expand(x), 2) + skip
            x = blocks(x, vector)
            features.append(x)
        finest = features[-1]
        base = seen.encoded + functional.pixel_shuffle(full_precision(self.base(finest)), 2)
        scale = scale_of(full_precision(self.scale(finest)), functional.avg_pool2d(base, 2))
        color = functional.interpolate(full_precision(self.color(finest)), scale_factor=2.0)
        return UNetOutput(color, tuple(features[::-1][:3]), base, scale)


def _repeated(count: int, features: int, vector: int) -> list[ResidualBlock]:
    return [ResidualBlock(features, vector) for _ in range(count)]


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv
