"""Conditional affine coupling: the photo's features shift and scale the latent.

The part that depends only on the photo is separate (`ConditionalCoupling.condition`), so that it is computed
once for any number of latents.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .actnorm import ActNorm
from .precision import full_precision

__all__ = ["ConditionalCoupling", "CouplingCondition"]


class CouplingCondition(NamedTuple):
    """What one coupling needs to know about the photo, at its level's resolution.

    Attributes:
        shift: N x C x H x W, added to all channels.
        scale: N x C x H x W, multiplies all channels, in (1e-4, 1.0001).
        hidden: N x hidden x H x W, the condition's contribution to the self-coupling's first layer.
    """

    shift: Tensor
    scale: Tensor
    hidden: Tensor


class _NormalizedConv(nn.Module):
    """Convolution without bias, followed by ActNorm."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        nn.init.normal_(self.conv.weight, std=0.05)
        self.norm = ActNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        if self.norm.initialize_next:
            normalized: Tensor = self.norm(self.conv(x))
            return normalized
        weight, bias = self.folded()
        return functional.conv2d(x, weight, bias, padding=self.conv.padding)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of a single convolution that computes both."""
        scale = self.norm.log_scale.exp().flatten()
        return self.conv.weight * scale.view(-1, 1, 1, 1), self.norm.bias.flatten() * scale


class _ScaledConv(nn.Module):
    """3x3 convolution, initialized to zero, whose output is multiplied by ``exp(3 * log_scale)``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)
        self.log_scale = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        scale = (3.0 * self.log_scale).exp()
        bias = self.conv.bias
        assert bias is not None
        return functional.conv2d(x, self.conv.weight * scale[..., None], bias * scale.flatten(), padding=1)


class _CouplingNet(nn.Module):
    """conv 3x3, ReLU, conv 1x1, ReLU, conv 3x3; its output is split into shift and scale."""

    def __init__(self, inputs: int, hidden: int, channels: int) -> None:
        super().__init__()
        self.first = _NormalizedConv(inputs, hidden, 3)
        self.second = _NormalizedConv(hidden, hidden, 1)
        self.last = _ScaledConv(hidden, 2 * channels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.after_first(self.first(x))

    def after_first(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Continue from the output of the first convolution and its ActNorm."""
        x = x.relu()
        x = full_precision(self.last(self.second(x).relu()))
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
        """Compute what this coupling needs from ``condition``, N x condition_channels x H x W."""
        first = self.from_latent.first
        if first.norm.initialize_next:  # without ActNorm, which is initialized from the full sum
            hidden = functional.conv2d(condition, first.conv.weight[:, self.kept :], padding=1)
        else:
            weight, bias = first.folded()
            hidden = functional.conv2d(condition, weight[:, self.kept :], bias, padding=1)
        shift, scale = self.from_condition(condition)
        return CouplingCondition(shift, scale, full_precision(hidden))

    def forward(self, z: Tensor, conditioning: CouplingCondition) -> tuple[Tensor, Tensor]:
        """N x C x H x W to the same, and the log-determinant, N (nats)."""
        z = (z + conditioning.shift) * conditioning.scale
        kept, changed = z[:, : self.kept], z[:, self.kept :]
        shift, scale = self._self_coupling(kept, conditioning)
        changed = (changed + shift) * scale
        log_determinant = conditioning.scale.log().sum((1, 2, 3)) + scale.log().sum((1, 2, 3))
        return torch.cat([kept, changed], 1), log_determinant

    def inverse(self, z: Tensor, conditioning: CouplingCondition) -> tuple[Tensor, Tensor]:
        """The inverse of `forward`, and the log-determinant of the inverse, N (nats)."""
        kept, changed = z[:, : self.kept], z[:, self.kept :]
        shift, scale = self._self_coupling(kept, conditioning)
        changed = changed / scale - shift
        z = torch.cat([kept, changed], 1) / conditioning.scale - conditioning.shift
        log_determinant = -conditioning.scale.log().sum((1, 2, 3)) - scale.log().sum((1, 2, 3))
        return z, log_determinant

    def _self_coupling(self, kept: Tensor, conditioning: CouplingCondition) -> tuple[Tensor, Tensor]:
        first = self.from_latent.first
        if first.norm.initialize_next:
            raw = functional.conv2d(kept, first.conv.weight[:, : self.kept], padding=1) + conditioning.hidden
            return self.from_latent.after_first(first.norm(raw))
        weight, _ = first.folded()
        hidden = functional.conv2d(kept, weight[:, : self.kept], padding=1) + conditioning.hidden
        return self.from_latent.after_first(hidden)
