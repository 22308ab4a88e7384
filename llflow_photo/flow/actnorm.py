"""Activation normalization: a per-channel affine, initialized from data.

Kingma and Dhariwal 2018 (Glow, arXiv:1807.03039), section 3.1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["ActNorm"]


class ActNorm(nn.Module):
    """``y = (x + bias) * exp(log_scale)`` per channel, N x C x H x W.

    If `initialize_next` is set, the next call to `forward` first sets the parameters so that its output has
    zero mean and unit variance per channel.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.initialize_next = False

    def forward(self, x: Tensor) -> Tensor:
        if self.initialize_next:
            self._initialize(x.detach().float())
        return (x + self.bias) * self.log_scale.exp()

    def inverse(self, y: Tensor) -> Tensor:
        return y * (-self.log_scale).exp() - self.bias

    def log_determinant(self, positions: int) -> Tensor:
        """Log-determinant of `forward` for H * W = `positions`, a scalar in nats."""
        return self.log_scale.sum() * positions

    @torch.no_grad()
    def _initialize(self, x: Tensor) -> None:
        mean = x.mean((0, 2, 3), keepdim=True)
        deviation = x.var((0, 2, 3), keepdim=True, unbiased=False).sqrt()
        self.bias.copy_(-mean)
        self.log_scale.copy_(-(deviation + 1e-6).log())
        self.initialize_next = False
