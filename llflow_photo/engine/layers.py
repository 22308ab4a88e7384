"""Frozen convolutions as plain tensors and functions, in channels-last layout."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Conv", "Place", "leaky"]

_SLOPE = 0.2


@dataclass(frozen=True)
class Place:
    """Where and in which type a layer's weights live."""

    device: torch.device
    dtype: torch.dtype


class Conv:
    """Same-size 3x3 or 1x1 convolution, N x inputs x H x W to N x outputs x H x W, channels-last.

    A 1x1 convolution is one matrix product over all positions; torch's own goes a slower way on a processor.

    Args:
        weight: outputs x inputs x kernel x kernel, or outputs x inputs for a 1x1 convolution.
        bias: outputs, or None.
        place: where it runs.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, place: Place) -> None:
        self.dtype = place.dtype
        self._matrix = weight.ndim == 2 or weight.shape[-1] == 1
        if self._matrix:
            self.weight = _placed(weight.flatten(1), place).contiguous()
        else:
            self.weight = _placed(weight, place).contiguous(memory_format=torch.channels_last)
        self.bias = None if bias is None else _placed(bias.flatten(), place)

    def __call__(self, x: Tensor) -> Tensor:
        if self._matrix:
            return functional.linear(x.permute(0, 2, 3, 1), self.weight, self.bias).permute(0, 3, 1, 2)
        return functional.conv2d(x, self.weight, self.bias, padding=1)


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU of the encoder, in place."""
    return functional.leaky_relu_(x, _SLOPE)


def _placed(values: Tensor, place: Place) -> Tensor:
    return values.detach().to(place.device, place.dtype, copy=True)
