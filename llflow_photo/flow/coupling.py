"""Conditional affine coupling: the photo's features shift and scale the latent.

The part that depends on the photo alone is split off (`ConditionalCoupling.condition`), so that any number of
latents can be decoded under one condition without repeating it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .actnorm import ActNorm

__all__ = ["ConditionalCoupling", "CouplingCondition"]


class CouplingCondition(NamedTuple):
    """What one coupling needs of the photo, at its level's resolution.

    Attributes:
        shift: N x C x H x W, added to all channels.
        scale: N x C x H x W, multiplies all channels, in (1e-4, 1.0001).
        hidden: N x hidden x H x W, the condition's share of the self-coupling's first convolution.
    """

    shift: Tensor
    scale: Tensor
    hidden: Tensor


class _NormalizedConv(nn.Module):
    """Convolution without bias, then ActNorm."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        nn.init.normal_(self.conv.weight, std=0.05)
        self.norm = ActNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        normalized: Tensor = self.norm(self.conv(x))
        return normalized


class _ScaledConv(nn.Module):
    """3x3 convolution started at zero, its output times ``exp(3 * log_scale)``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)
        self.log_scale = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        raw: Tensor = self.conv(x)
        return raw * (3.0 * self.log_scale).exp()


class _CouplingNet(nn.Module):
    """conv 3x3, ReLU, conv 1x1, ReLU, conv 3x3; its output is split into shift and scale."""

    def __init__(self, inputs: int, hidden: int, channels: int) -> None:
        super().__init__()
        self.first = _NormalizedConv(inputs, hidden, 3)
        self.second = _NormalizedConv(hidden, hidden, 1)
        self.last = _ScaledConv(hidden, 2 * channels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.after_first_conv(self.first.conv(x))

    def after_first_conv(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.first.norm(x).relu()
        x = _full_precision(self.last(self.second(x).relu()))
        return x[:, 0::2], torch.sigmoid(x[:, 1::2] + 2.0) + 1e-4


class ConditionalCoupling(nn.Module):
    """Affine injection of the condition, then affine self-coupling of the latent's halves.

    Args:
        channels: C of the latent at this level.
        condition_channels: channels of this level's condition.
        hidden: hidden channels of both networks.
    """

    def __init__(self, channels: int, condition_channels: int, hidden: int) -> None:
        super().__init__()
        self.kept = channels // 2
        self.from_condition = _CouplingNet(condition_channels, hidden, channels)
        self.from_latent = _CouplingNet(self.kept + condition_channels, hidden, channels - self.kept)

    def condition(self, condition: Tensor) -> CouplingCondition:
        """Everything this coupling needs of the photo: ``condition`` is N x condition_channels x H x W."""
        weight = self.from_latent.first.conv.weight[:, self.kept :]
        hidden = functional.conv2d(condition, weight, padding=1)
        shift, scale = self.from_condition(condition)
        return CouplingCondition(shift, scale, _full_precision(hidden))

    def forward(self, z: Tensor, given: CouplingCondition) -> tuple[Tensor, Tensor]:
        """N x C x H x W to the same, and the log-determinant, N (nats)."""
        z = (z + given.shift) * given.scale
        kept, changed = z[:, : self.kept], z[:, self.kept :]
        shift, scale = self._self_coupling(kept, given)
        changed = (changed + shift) * scale
        log_determinant = given.scale.log().sum((1, 2, 3)) + scale.log().sum((1, 2, 3))
        return torch.cat([kept, changed], 1), log_determinant

    def inverse(self, z: Tensor, given: CouplingCondition) -> tuple[Tensor, Tensor]:
        """The inverse of `forward`, and the log-determinant of the inverse, N (nats)."""
        kept, changed = z[:, : self.kept], z[:, self.kept :]
        shift, scale = self._self_coupling(kept, given)
        changed = changed / scale - shift
        z = torch.cat([kept, changed], 1) / given.scale - given.shift
        log_determinant = -given.scale.log().sum((1, 2, 3)) - scale.log().sum((1, 2, 3))
        return z, log_determinant

    def _self_coupling(self, kept: Tensor, given: CouplingCondition) -> tuple[Tensor, Tensor]:
        weight = self.from_latent.first.conv.weight[:, : self.kept]
        hidden = functional.conv2d(kept, weight, padding=1) + given.hidden
        return self.from_latent.after_first_conv(hidden)


def _full_precision(x: Tensor) -> Tensor:
    """The flow itself stays in float32 where the networks beside it run in half precision."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
