"""Frozen convolutions as plain tensors and functions, in channels-last layout."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Conv", "Place", "PointwiseConv", "leaky"]

_SLOPE = 0.2


@dataclass(frozen=True)
class Place:
    """Where and in which type a layer's weights live."""

    device: torch.device
    dtype: torch.dtype


class Conv:
    """Same-size 3x3 or 1x1 convolution, N x inputs x H x W to N x outputs x H x W, channels-last.

    Args:
        weight: outputs x inputs x kernel x kernel.
        bias: outputs, or None.
        place: where it runs.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, place: Place) -> None:
        self.dtype = place.dtype
        self.weight = _placed(weight, place).contiguous(memory_format=torch.channels_last)
        self.bias = None if bias is None else _placed(bias.flatten(), place)
        self._padding = weight.shape[-1] // 2

    def __call__(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight, self.bias, padding=self._padding)


class PointwiseConv:
    """1x1 convolution as one matrix product over all positions, channels-last in and out.

    Args:
        matrix: outputs x inputs.
        bias: outputs.
        place: where it runs.
    """

    def __init__(self, matrix: Tensor, bias: Tensor, place: Place) -> None:
        self._matrix = _placed(matrix, place)
        self._bias = _placed(bias, place)

    def __call__(self, x: Tensor) -> Tensor:
        return functional.linear(x.permute(0, 2, 3, 1), self._matrix, self._bias).permute(0, 3, 1, 2)


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU of the encoder, in place."""
    return functional.leaky_relu_(x, _SLOPE)


def _placed(values: Tensor, place: Place) -> Tensor:
    return values.detach().to(place.device, place.dtype, copy=True)
