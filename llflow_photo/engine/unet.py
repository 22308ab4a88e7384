"""The inference form of the multi-scale encoder."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..flow.statistics import PhotoStatistics
from ..flow.unet import UNetEncoder, exposed_photo, scale_of
from ..flow.whole_photo import PhotoContext, WholePhotoBranch, grid_at
from .layers import Conv, Downsampling, Place, Upsampling, fold, folded_order
from .trunk import Encoded

__all__ = ["FoldedUNet", "UNetPhoto"]


class UNetPhoto(NamedTuple):
    """Data of a whole photo for the encoder, on the device.

    Attributes:
        context: output of the whole-photo branch for one photo.
        first: first convolution of each block, including the photo's scale and shift, in the order of
            `_blocks`.
        plain_night: how certain it is that the photo is a plain night, 0 to 1.
    """

    context: PhotoContext
    first: list[Conv]
    plain_night: float


class FoldedUNet:
    """N x 3 x H x W, float32, to `Encoded`; the whole-photo vector is folded into the convolutions.

    Args:
        encoder: the trained form.
        branch: the whole-photo branch; it is copied and runs on the CPU in float32.
        photo: device and data type of the exposed photo; it needs float32.
        blocks: device and data type of the features and of all convolutions of features to features.
        networks: device and data type of the convolution of the photo, and of the heads; their rounding
            errors are visible.
    """

    def __init__(
        self, encoder: UNetEncoder, branch: WholePhotoBranch, photo: Place, blocks: Place, networks: Place
    ) -> None:
        self._branch = copy.deepcopy(branch).float().cpu().eval()
        self._trained = [
            (copy.deepcopy(block.first).float().cpu(), copy.deepcopy(block.film).float().cpu())
            for block in _blocks(encoder)
        ]
        self._second = [Conv(block.second.weight, block.second.bias, blocks) for block in _blocks(encoder)]
        self._photo, self._block_place, self._networks = photo, blocks, networks
        order = torch.cat([folded_order(3), folded_order(3) + 12])
        self._enter = Conv(encoder.enter.weight[:, order], encoder.enter.bias, networks)
        self._reduce = [Downsampling(layer.weight, layer.bias, blocks) for layer in _listed(encoder.reduce)]
        self._grid = Conv(encoder.grid.weight, encoder.grid.bias, blocks)
        self._expand = [Upsampling(layer.weight, layer.bias, blocks) for layer in _listed(encoder.expand)]
        self._down = [len(blocks) for blocks in _listed(encoder.down)]
        self._up = [len(blocks) for blocks in _listed(encoder.up)]
        self._heads = _heads(encoder, networks)

    def photo(self, statistics: PhotoStatistics) -> UNetPhoto:
        """Run the whole-photo branch and fold its output into the blocks."""
        assert statistics.thumbnail is not None
        thumbnail = torch.from_numpy(statistics.thumbnail)[None]
        context, plain_night = self._branch(thumbnail), float(self._branch.certainty(thumbnail))
        first = []
        for conv, film in self._trained:
            scale, shift = film(context.vector)[0].chunk(2)
            weight = conv.weight * (1.0 + scale).view(-1, 1, 1, 1)
            first.append(Conv(weight, conv.bias * (1.0 + scale) + shift, self._block_place))
        return UNetPhoto(context.to(self._photo.device), first, plain_night)

    def __call__(self, images: Tensor, photo: UNetPhoto, windows: Tensor) -> Encoded:
        """Encode N parts of one photo, N x 3 x H x W in [0, 1], whose positions are ``windows``, N x 4."""
        images = images.contiguous(memory_format=torch.channels_last)
        context = photo.context
        seen = exposed_photo(images, context.gain_ev)
        encoded = fold(seen.encoded)
        x = self._enter(torch.cat([encoded, fold(seen.stops)], 1).to(self._networks.dtype))
        x = x.to(self._block_place.dtype)
        blocks = iter(zip(photo.first, self._second, strict=True))
        skips = []
        for count, reduce in zip(self._down, self._reduce, strict=False):
            x = self._residual(x, blocks, count)
            skips.append(x)
            x = reduce(x)
        grid = grid_at(context.grid.expand(images.shape[0], -1, -1, -1), windows, *x.shape[2:])
        x = x + self._grid(grid.to(x.dtype).contiguous(memory_format=torch.channels_last))
        x = self._residual(x, blocks, self._down[-1])
        features = [x]
        for expand, count in zip(reversed(self._expand), reversed(self._up), strict=True):
            x = self._residual(expand(x).add_(skips.pop()), blocks, count)
            features.append(x)
        features[-1] = x = x.to(self._networks.dtype)
        heads = self._heads(x).float()
        base = encoded + heads[:, :12]
        scale = scale_of(heads[:, 15:18], torch.stack(torch.split(base, 3, 1)).mean(0))
        return Encoded(heads[:, 12:15], tuple(features[::-1]), base, _four_times(scale))

    def _residual(self, x: Tensor, blocks: Any, count: int) -> Tensor:
        for _ in range(count):
            first, second = next(blocks)
            x = second.add_to(x, first.rectified(x))
        return x


def _four_times(scale: Tensor) -> Tensor:
    """Repeat values for all four pixels of a folded position: N x C x h x w to N x 4C x h x w."""
    return scale.permute(0, 2, 3, 1).repeat(1, 1, 1, 4).permute(0, 3, 1, 2)


def _blocks(encoder: UNetEncoder) -> list[Any]:
    """All residual blocks in the order of execution."""
    stages = [*_listed(encoder.down), *reversed(_listed(encoder.up))]
    return [block for stage in stages for block in stage]


def _heads(encoder: UNetEncoder, place: Place) -> Conv:
    """Base, color map and scale in one convolution, the base's channels in the order of `layers.fold`."""
    heads = [encoder.base, encoder.color, encoder.scale]
    weights = [functional.pad(head.weight, [1 - head.weight.shape[-1] // 2] * 4) for head in heads]
    biases: list[Any] = [head.bias for head in heads]
    order = folded_order(3)
    weights[0], biases[0] = weights[0][order], biases[0][order]
    return Conv(torch.cat(weights), torch.cat(biases), place)


def _listed(modules: Any) -> list[Any]:
    return list(modules)
