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

    For a 1x1 convolution torch's own choice on a processor is a matrix product; asked for by name, oneDNN is
    more than twice as fast.

    Args:
        weight: outputs x inputs x kernel x kernel, or outputs x inputs for a 1x1 convolution.
        bias: outputs, or None.
        place: where it runs.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, place: Place) -> None:
        self.dtype = place.dtype
        if weight.ndim == 2:
            weight = weight[:, :, None, None]
        self.weight = _placed(weight, place).contiguous(memory_format=torch.channels_last)
        self.bias = None if bias is None else _placed(bias.flatten(), place)
        self._pointwise = weight.shape[-1] == 1
        self._onednn = place.device.type == "cpu" and _has_onednn()

    def __call__(self, x: Tensor) -> Tensor:
        if not self._pointwise:
            return functional.conv2d(x, self.weight, self.bias, padding=1)
        if self._onednn and not _is_traced():
            x = x.contiguous(memory_format=torch.channels_last)
            return torch.mkldnn_convolution(x, self.weight, self.bias, (0, 0), (1, 1), (1, 1), 1)
        flat = functional.linear(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias)
        return flat.permute(0, 3, 1, 2)


def _has_onednn() -> bool:
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return available and hasattr(torch, "mkldnn_convolution")


def _is_traced() -> bool:
    """Whether the network is being written down for another runtime, which knows portable operations only."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU of the encoder, in place."""
    return functional.leaky_relu_(x, _SLOPE)


def _placed(values: Tensor, place: Place) -> Tensor:
    return values.detach().to(place.device, place.dtype, copy=True)
