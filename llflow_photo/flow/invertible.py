"""Invertible 1x1 convolution: a learned rotation of the channels.

Kingma and Dhariwal 2018 (Glow, arXiv:1807.03039), section 3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["InvertibleConv"]


class InvertibleConv(nn.Module):
    """``y = W x`` at every position, N x C x H x W, ``W`` being C x C, initialized as a random rotation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels))
        self.weight = nn.Parameter(rotation.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight[:, :, None, None])

    def inverse(self, y: Tensor) -> Tensor:
        inverted: Tensor = torch.linalg.inv(self.weight.double()).to(y.dtype)
        return functional.conv2d(y, inverted[:, :, None, None])

    def log_determinant(self, positions: int) -> Tensor:
        """Log-determinant of `forward` for H * W = `positions`, a scalar in nats."""
        log_determinant: Tensor = torch.linalg.slogdet(self.weight.double())[1]
        return log_determinant.to(self.weight.dtype) * positions
