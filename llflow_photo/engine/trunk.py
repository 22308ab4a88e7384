"""The conditional encoder in inference form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..flow.encoder import ConditionalEncoder
from ..flow.inputs import equalize, network_input
from ..flow.statistics import PhotoStatistics
from .layers import Conv, Place, SplitConv, leaky

__all__ = ["Encoded", "FoldedEncoder"]

_RESIDUAL_SCALE = 0.2


class Encoded(NamedTuple):
    """Output of an encoder for N x 3 x H x W images.

    Attributes:
        color: N x 3 x H/2 x W/2, float32: mean of the latent, each value for 2 x 2 pixels.
        conditions: for levels 1, 2, 3, N x C x H/2^level x W/2^level.
        base: N x 12 x H/2 x W/2, float32, see `layers.fold`: added to the flow's scaled output, or None.
        scale: likewise, the factor of the flow's output, or None.
    """

    color: Tensor
    conditions: tuple[Tensor, ...]
    base: Tensor | None = None
    scale: Tensor | None = None


class FoldedEncoder:
    """The paper's encoder: N x 3 x H x W, float32, to the color map and the three levels' conditions.

    The residual stream keeps the data type of the networks even if the dense blocks use half precision: their
    contributions are small, so rounding them has little effect, while rounding the stream would be visible.

    Args:
        encoder: the trained form.
        photo: device and data type of the two convolutions of the photo itself; they need float32.
        blocks: device and data type of the dense blocks.
        networks: device and data type of all other convolutions.
    """

    def __init__(self, encoder: ConditionalEncoder, photo: Place, blocks: Place, networks: Place) -> None:
        def conv(trained: Any, place: Place, scale: float = 1.0) -> Conv:
            return Conv(trained.weight * scale, trained.bias * scale, place)

        self._stacked = tuple(encoder.stacked)
        self._networks = networks.dtype
        self._device = photo.device
        self._first = conv(encoder.first, photo)
        self._second = conv(encoder.second, photo)
        self._trunk = conv(encoder.trunk, networks)
        self._down1 = conv(encoder.down1, networks)
        self._down2 = conv(encoder.down2, networks)
        self._color = conv(encoder.color, networks)
        self._blocks = [[_Dense(dense, blocks) for dense in block.dense] for block in _listed(encoder.blocks)]

    def photo(self, statistics: PhotoStatistics) -> Tensor:
        """A whole photo's equalization table on the device, 3 x 256."""
        assert statistics.equalization is not None
        table = np.asarray(statistics.equalization, np.float32)
        return torch.from_numpy(table).to(self._device)

    def __call__(self, images: Tensor, photo: Tensor, windows: Tensor) -> Encoded:
        """Encode N parts of one photo, N x 3 x H x W in [0, 1]; ``windows`` is not used."""
        x = network_input(images, equalize(images, photo)).contiguous(memory_format=torch.channels_last)
        head = functional.max_pool2d(self._second(leaky(self._first(x))), 2).to(self._networks)
        trunk, outputs = head, {}
        for number, block in enumerate(self._blocks):
            inner = trunk
            for dense in block:
                inner = dense(inner)
            trunk = torch.add(trunk, inner, alpha=_RESIDUAL_SCALE)
            outputs[number] = trunk
        half = self._trunk(trunk).add_(head)
        quarter = leaky(self._down1(functional.avg_pool2d(half, 2)))
        eighth = self._down2(functional.avg_pool2d(quarter, 2))
        color = torch.sigmoid(self._color(half).float())
        conditions = tuple(
            torch.cat([feature, *(outputs[n][:, :, ::step, ::step] for n in self._stacked)], 1)
            for feature, step in ((half, 1), (quarter, 2), (eighth, 4))
        )
        return Encoded(color, conditions)


class _Dense:
    """A dense block, with its residual scale of 0.2 folded into the last convolution."""

    def __init__(self, dense: Any, place: Place) -> None:
        *inner, last = _listed(dense.convs)
        growth, features = inner[0].weight.shape[:2]
        channels = [features, *[growth] * len(inner)]
        self._dtype = place.dtype
        self._convs = [SplitConv(c.weight, c.bias, place, channels[: n + 1]) for n, c in enumerate(inner)]
        weight, bias = last.weight * _RESIDUAL_SCALE, last.bias * _RESIDUAL_SCALE
        self._last = SplitConv(weight, bias, place, channels)

    def __call__(self, x: Tensor) -> Tensor:
        seen = [x.to(self._dtype)]
        for conv in self._convs:
            seen.append(leaky(conv(seen)))
        return x + self._last(seen)


def _listed(modules: Any) -> list[Any]:
    return list(modules)
