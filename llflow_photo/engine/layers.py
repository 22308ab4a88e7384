"""Frozen convolutions as plain tensors and functions, in channels-last layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .processor import has_fused_convolutions, has_onednn

__all__ = [
    "Conv",
    "Downsampling",
    "Place",
    "SplitConv",
    "Upsampling",
    "fold",
    "folded_order",
    "is_traced",
    "leaky",
    "unfold",
]

_SLOPE = 0.2


@dataclass(frozen=True)
class Place:
    """Device and data type of a layer's weights."""

    device: torch.device
    dtype: torch.dtype


class Conv:
    """A 3x3 or 1x1 convolution that keeps the size, N x inputs x H x W to N x outputs x H x W, channels-last.

    On a processor, torch computes 1x1 convolutions as matrix products; oneDNN, called explicitly, is more
    than twice as fast.

    Args:
        weight: outputs x inputs x kernel x kernel, or outputs x inputs for a 1x1 convolution.
        bias: outputs, or None.
        place: device and data type.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, place: Place) -> None:
        self.dtype = place.dtype
        if weight.ndim == 2:
            weight = weight[:, :, None, None]
        self.weight = _placed(weight, place).contiguous(memory_format=torch.channels_last)
        self.bias = None if bias is None else _placed(bias.flatten(), place)
        self._padding = weight.shape[-1] // 2
        self._shape = ([self._padding] * 2, [1, 1], [1, 1], 1)  # padding, stride, dilation, groups
        self._onednn = place.device.type == "cpu" and has_onednn(place.dtype)

    @property
    def fuses(self) -> bool:
        """Whether addition and ReLU are fused into the convolution."""
        return self._onednn and has_fused_convolutions()

    def __call__(self, x: Tensor) -> Tensor:
        if self._padding:
            return functional.conv2d(x, self.weight, self.bias, padding=1)
        if self._onednn and not is_traced():
            x = x.contiguous(memory_format=torch.channels_last)
            return torch.mkldnn_convolution(x, self.weight, self.bias, (0, 0), (1, 1), (1, 1), 1)
        flat = functional.linear(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias)
        return flat.permute(0, 3, 1, 2)

    def rectified(self, x: Tensor, plus: Tensor | None = None) -> Tensor:
        """ReLU of the convolution plus ``plus`` (N x outputs x H x W); the inputs are not modified."""
        if not self._fuses():
            result = self(x)
            return (result if plus is None else result.add_(plus)).relu_()
        fused = torch.ops.mkldnn._convolution_pointwise
        x = x.contiguous(memory_format=torch.channels_last)
        if plus is None:
            result = fused(x, self.weight, self.bias, *self._shape, "relu", [], "")
        else:
            result = fused.binary(x, plus, self.weight, self.bias, *self._shape, "add", 1.0, "relu", [], "")
        return result  # type: ignore[no-any-return]

    def add_to(self, total: Tensor, x: Tensor) -> Tensor:
        """``total + self(x)``; ``total``, N x outputs x H x W, channels-last, may be overwritten."""
        if not self._fuses():
            return total + self(x)
        accumulated = torch.ops.mkldnn._convolution_pointwise_.binary
        x = x.contiguous(memory_format=torch.channels_last)
        result = accumulated(total, x, self.weight, self.bias, *self._shape, "add", 1.0, None, [], None)
        return result  # type: ignore[no-any-return]

    def _fuses(self) -> bool:
        return self.fuses and not is_traced()


class SplitConv:
    """A `Conv` of the concatenation of several tensors, without the concatenation if that is faster.

    On a processor, the copy takes a third of a dense block's time; there each tensor has its own convolution,
    whose results are accumulated. On other devices, and if torch lacks the operation, the tensors are
    concatenated.

    Args:
        weight, bias, place: see `Conv`.
        channels: number of channels of each tensor; their sum is the weight's number of inputs.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, place: Place, channels: Sequence[int]) -> None:
        self.dtype = place.dtype
        self._whole = Conv(weight, bias, place)
        shares = torch.split(weight, list(channels), 1)
        self._shares = [Conv(share, None if n else bias, place) for n, share in enumerate(shares)]
        self._split = self._shares[0].fuses

    def __call__(self, tensors: Sequence[Tensor]) -> Tensor:
        """Convolve tensors of N x channels x H x W each, to N x outputs x H x W."""
        if not self._split or is_traced():
            return self._whole(torch.cat(list(tensors), 1))
        total = self._shares[0](tensors[0])
        for share, x in zip(self._shares[1:], tensors[1:], strict=True):
            total = share.add_to(total, x)
        return total


class Downsampling:
    """2x2 convolution with stride 2, N x inputs x H x W to N x outputs x H/2 x W/2, channels-last.

    Args:
        weight: outputs x inputs x 2 x 2.
        bias: outputs.
        place: device and data type.
    """

    def __init__(self, weight: Tensor, bias: Tensor, place: Place) -> None:
        self._weight = _placed(weight, place).contiguous(memory_format=torch.channels_last)
        self._bias = _placed(bias, place)

    def __call__(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self._weight, self._bias, stride=2)


class Upsampling:
    """1x1 convolution, then pixel shuffle: N x inputs x H x W to N x outputs x 2H x 2W, channels-last.

    Args:
        weight: 4 outputs x inputs x 1 x 1, in the order of torch's pixel shuffle.
        bias: 4 outputs.
        place: device and data type.
    """

    def __init__(self, weight: Tensor, bias: Tensor, place: Place) -> None:
        order = folded_order(len(bias) // 4)
        self._conv = Conv(weight[order], bias[order], place)

    def __call__(self, x: Tensor) -> Tensor:
        return unfold(self._conv(x))


def fold(x: Tensor) -> Tensor:
    """N x C x H x W to N x 4C x H/2 x W/2, the channels ordered by row, column, color; channels-last.

    The inverse of `unfold`.
    """
    count, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(count, height // 2, 2, width // 2, 2, channels).transpose(2, 3)
    return rows.reshape(count, height // 2, width // 2, 4 * channels).permute(0, 3, 1, 2)


def unfold(z: Tensor) -> Tensor:
    """N x C x H x W to N x C/4 x 2H x 2W, the channels ordered by row, column, color.

    A pixel shuffle that copies contiguous memory: channels-last to channels-last.
    """
    count, channels, height, width = z.shape
    rows = z.permute(0, 2, 3, 1).reshape(count, height, width, 2, channels // 2).transpose(2, 3)
    return rows.reshape(count, 2 * height, 2 * width, channels // 4).permute(0, 3, 1, 2)


def folded_order(channels: int) -> Tensor:
    """Order of torch's pixel-unshuffled channels (color, row, column) in `fold`: 4 x channels indices."""
    return torch.arange(4 * channels).view(channels, 4).T.flatten()


def leaky(x: Tensor) -> Tensor:
    """The encoder's leaky ReLU, in place."""
    return functional.leaky_relu_(x, _SLOPE)


def is_traced() -> bool:
    """Whether the network is being traced or compiled, so that only portable operations can be used."""
    return torch.compiler.is_compiling() or bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def _placed(values: Tensor, place: Place) -> Tensor:
    return values.detach().to(place.device, place.dtype, copy=True)
