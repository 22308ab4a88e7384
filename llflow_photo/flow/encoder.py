"""The conditional encoder: from a dark photo to the flow's conditions and the color map g(x).

Wang et al. 2022 (arXiv:2109.05923), figure 2; the trunk consists of residual-in-residual dense blocks
(Wang et al. 2018, arXiv:1809.00219).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .inputs import CHANNELS
from .precision import full_precision
from .sizes import DenseSize

__all__ = ["ConditionalEncoder", "EncoderOutput"]

_SLOPE = 0.2
_RESIDUAL_SCALE = 0.2


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight, a=_SLOPE)
    conv.weight.data *= 0.1  # keeps deep residual stacks near identity at the start
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv


def _activate(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, _SLOPE)


class DenseBlock(nn.Module):
    """Five convolutions, each of the block's input and all earlier outputs: N x F x H x W to the same."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            _conv(features + k * growth, growth if k < 4 else features) for k in range(5)
        )

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for conv in self.convs[:4]:
            seen = torch.cat([seen, _activate(conv(seen))], 1)
        change: Tensor = self.convs[4](seen)
        return x + _RESIDUAL_SCALE * change


class ResidualDenseBlock(nn.Module):
    """Three dense blocks with a residual connection (RRDB): N x F x H x W to the same."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(DenseBlock(features, growth) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.dense(x)
        return x + _RESIDUAL_SCALE * change


@dataclass(frozen=True)
class EncoderOutput:
    """Output of the encoder for a photo of H x W pixels (multiples of 8).

    Attributes:
        color_map: g(x), N x 3 x H x W in (0, 1): the mean of the latent before squeezing.
        conditions: for levels 1, 2, 3: N x ``condition_channels`` x H/2^level x W/2^level.
    """

    color_map: Tensor
    conditions: tuple[Tensor, ...]


class ConditionalEncoder(nn.Module):
    """Maps the 12-channel network input to `EncoderOutput`."""

    def __init__(self, size: DenseSize) -> None:
        super().__init__()
        features = size.features
        self.stacked = size.stacked
        self.first = _conv(CHANNELS, features)
        self.second = _conv(features, features)
        self.blocks = nn.ModuleList(ResidualDenseBlock(features, size.growth) for _ in range(size.blocks))
        self.trunk = _conv(features, features)
        self.down1 = _conv(features, features)
        self.down2 = _conv(features, features)
        self.color = nn.Conv2d(features, 3, 1)

    def forward(self, network_input: Tensor) -> EncoderOutput:
        head = functional.max_pool2d(self.second(_activate(self.first(network_input))), 2)
        trunk, stack = head, []
        for number, block in enumerate(self.blocks):
            trunk = block(trunk)
            if number in self.stacked:
                stack.append(trunk)
        half = head + self.trunk(trunk)
        quarter = _activate(self.down1(_halve(half)))
        eighth = self.down2(_halve(quarter))
        stack = [stack[sorted(self.stacked).index(number)] for number in self.stacked]
        conditions = tuple(
            torch.cat([feature, *(block[:, :, ::step, ::step] for block in stack)], 1)
            for feature, step in ((half, 1), (quarter, 2), (eighth, 4))
        )
        # A 1x1 convolution and the sigmoid commute with the nearest-neighbor upscaling after them.
        color = torch.sigmoid(full_precision(self.color(half)))
        return EncoderOutput(functional.interpolate(color, scale_factor=2.0), conditions)


def _halve(x: Tensor) -> Tensor:
    """Bilinear downsampling by 2 of even-sized maps: the mean of each 2 x 2 block."""
    return functional.avg_pool2d(x, 2)
