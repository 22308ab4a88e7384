"""The inference form of the network: the same function as `LLFlow.encode` and `decode` at less cost.

Every ActNorm is folded into the convolution before it; the inverses of a flow step's ActNorm and 1x1
convolution, and of the transition steps before it, are folded into one 1x1 convolution. The first convolution
of each self-coupling is split into a part for the latent and a part for the condition; the latter is batched
over all steps of a level, together with the first convolution of the conditions' own networks. Interleaved
shifts and scales are reordered into two halves. Log-determinants are not computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..flow import LLFlow, PhotoStatistics
from ..flow.steps import squeeze
from ..flow.unet import UNetEncoder
from .color_balance import ColorBalance
from .guard import LARGEST_GAIN, Bounds
from .layers import Conv, Place, folded_order, is_traced, unfold
from .trunk import FoldedEncoder
from .unet import FoldedUNet

__all__ = ["FoldedFlow", "Precision", "StepConditioning", "TileConditioning"]


@dataclass(frozen=True)
class Precision:
    """Data types of the parts of the network.

    Attributes:
        blocks: the dense blocks of the paper's encoder; the features of a U-Net, except of the photo itself.
        networks: everything else except the flow itself and the paper's first two convolutions.
    """

    blocks: torch.dtype = torch.float32
    networks: torch.dtype = torch.float32

    def __str__(self) -> str:
        """``float32``, ``bfloat16`` or, if only the blocks are reduced, ``float32+bfloat16``."""
        names = [str(dtype).removeprefix("torch.") for dtype in (self.networks, self.blocks)]
        return "+".join(dict.fromkeys(names))


class StepConditioning(NamedTuple):
    """What one coupling's inverse needs to know about the photo, at its level's resolution.

    Attributes:
        gain: N x C x H x W, float32, ``1 / scale``, by which the latent is multiplied.
        offset: N x C x H x W, float32, ``-shift``, added after that.
        hidden: N x hidden x H x W, the condition's part of the self-coupling's first convolution.
    """

    gain: Tensor
    offset: Tensor
    hidden: Tensor


class TileConditioning(NamedTuple):
    """Everything that decoding a photo or tile of H x W pixels (multiples of 8) needs besides the latent.

    Attributes:
        mean: N x 192 x H/8 x W/8, float32, mean of the latent.
        levels: per level, finest first, one `StepConditioning` per step, last step first.
        base: see `trunk.Encoded`.
        scale: see `trunk.Encoded`.
        colors: balance to be undone in renderings, see `runner.Runner`.
        images: N x 3 x H x W, the photo or tile before it was balanced; None if it was not.
    """

    mean: Tensor
    levels: tuple[tuple[StepConditioning, ...], ...]
    base: Tensor | None = None
    scale: Tensor | None = None
    colors: ColorBalance | None = None
    images: Tensor | None = None

    def bytes(self) -> int:
        """Memory of all tensors, in bytes."""
        tensors = [self.mean, *(t for level in self.levels for step in level for t in step)]
        tensors += [t for t in (self.base, self.scale, self.images) if t is not None]
        return sum(t.numel() * t.element_size() for t in tensors)


class FoldedFlow:
    """Inference form of an `LLFlow`.

    Parts of it can run in half precision. The latent, its shifts, gains and 1x1 convolutions are always
    float32, and so are the first two convolutions, whose input is the photo.

    Args:
        flow: the trained form; its weights are copied.
        device: the device to run on.
        precision: data types of its parts.
        bounds: see `guard.latent_bounds`; by default the inverse is exactly the flow's.
    """

    def __init__(
        self,
        flow: LLFlow,
        device: torch.device,
        precision: Precision | None = None,
        bounds: list[list[Bounds]] | None = None,
    ) -> None:
        precision = precision or Precision()
        full, inner = Place(device, torch.float32), Place(device, precision.networks)
        blocks = Place(device, precision.blocks)
        with torch.no_grad():
            self._encoder: Any
            if isinstance(flow.encoder, UNetEncoder):
                assert flow.branch is not None
                self._encoder = FoldedUNet(flow.encoder, flow.branch, full, blocks, inner)
            else:
                self._encoder = FoldedEncoder(flow.encoder, full, blocks, inner)
            self._levels = [
                _FoldedLevel(level, full, inner, bounds[number] if bounds else None)
                for number, level in enumerate(flow.flow.levels)
            ]

    @torch.inference_mode()
    def photo(self, statistics: PhotoStatistics) -> Any:
        """Prepare a whole photo's data for `condition` and `__call__`, on the device."""
        return self._encoder.photo(statistics)

    def condition(self, images: Tensor, photo: Any, windows: Tensor) -> TileConditioning:
        """Encode N parts of a photo.

        Args:
            images: N x 3 x H x W in [0, 1], H and W multiples of 8.
            photo: output of `photo` for the whole photo.
            windows: N x 4, position of each part in the photo, see `LLFlow.encode`.
        """
        encoded = self._encoder(images, photo, windows)
        levels = (
            tuple(level.condition(c)) for level, c in zip(self._levels, encoded.conditions, strict=True)
        )
        return TileConditioning(_mean(encoded.color), tuple(levels), encoded.base, encoded.scale)

    def render(
        self, conditioning: TileConditioning, offset: Tensor | None = None, *, far: bool = False
    ) -> Tensor:
        """Decode ``mean + offset``, offset N x 192 x H/8 x W/8 (default 0), to N x 3 x H x W, unclipped.

        ``far`` selects the `Bounds` for offsets that consist of more than noise.
        """
        # The steps write to z; the mean of a cached encoding must not change.
        z = conditioning.mean.clone() if offset is None else conditioning.mean + offset
        for level, steps in zip(self._levels[:0:-1], conditioning.levels[:0:-1], strict=True):
            z = unfold(level.inverse(z, steps, far))
        return _image(
            self._levels[0].inverse(z, conditioning.levels[0], far), conditioning.base, conditioning.scale
        )

    def __call__(
        self, images: Tensor, photo: Any, windows: Tensor, offset: Tensor | None = None, *, far: bool = False
    ) -> Tensor:
        """`condition` and `render` in one call, without keeping the conditioning of all steps in memory."""
        encoded = self._encoder(images, photo, windows)
        base, scale, conditions = encoded.base, encoded.scale, list(encoded.conditions)
        z = _mean(encoded.color) if offset is None else _mean(encoded.color) + offset
        del encoded
        for level in self._levels[:0:-1]:
            z = unfold(level.inverse(z, level.condition(conditions.pop()), far))
        z = self._levels[0].inverse(z, self._levels[0].condition(conditions.pop()), far)
        return _image(z, base, scale)


def _image(z: Tensor, base: Tensor | None, scale: Tensor | None) -> Tensor:
    """Convert the finest level's output, N x 12 x H/2 x W/2, to the image, N x 3 x H x W."""
    if base is not None and scale is not None:
        z = torch.addcmul(base, z, scale)
    return unfold(z)


def _mean(color: Tensor) -> Tensor:
    return squeeze(functional.interpolate(color, scale_factor=2.0))


class _FoldedLevel:
    """The inverse of one level's steps."""

    def __init__(self, level: Any, full: Place, inner: Place, bounds: list[Bounds] | None) -> None:
        couplings = [step.coupling for step in level.conditional]
        self._hidden = couplings[0].from_latent.first.conv.out_channels
        self._condition_first = Conv(*_batched_first(couplings), inner)
        self._condition_tails = [_CouplingTail(c.from_condition, inner) for c in couplings]
        self._steps = [
            _FoldedStep(coupling, inner, bounds[number] if bounds else None)
            for number, coupling in enumerate(couplings)
        ]
        self._mixes = [Conv(matrix, bias, full) for matrix, bias in _folded_mixes(level)]

    def condition(self, condition: Tensor) -> Iterator[StepConditioning]:
        """Compute each step's conditioning from N x condition channels x H x W, last step first."""
        first = torch.split(self._condition_first(condition.to(self._condition_first.dtype)), self._hidden, 1)
        count = len(self._steps)
        for index in reversed(range(count)):
            gain, offset = self._condition_tails[index](first[index].relu())
            shared = first[count + index].contiguous(memory_format=torch.channels_last)
            yield StepConditioning(gain, offset.to(torch.float32, copy=True), shared)

    def inverse(self, z: Tensor, conditioning: Iterable[StepConditioning], far: bool) -> Tensor:
        """N x C x H x W to the same, to be unfolded; ``conditioning`` starts with the last step."""
        for step, mix, own in zip(reversed(self._steps), reversed(self._mixes), conditioning, strict=True):
            z = mix(step(z, own, far))
        return z


class _FoldedStep:
    """Inverse of one conditional coupling; its input is clamped to ``bounds`` if they are given."""

    def __init__(self, coupling: Any, inner: Place, bounds: Bounds | None) -> None:
        self._bounds = Bounds(*(bound.to(inner.device) for bound in bounds)) if bounds else None
        self._kept = coupling.kept
        first = coupling.from_latent.first
        scale = first.norm.log_scale.exp().view(-1, 1, 1, 1)
        self._first = Conv(first.conv.weight[:, : self._kept] * scale, None, inner)
        self._tail = _CouplingTail(coupling.from_latent, inner)

    def __call__(self, z: Tensor, conditioning: StepConditioning, far: bool) -> Tensor:
        """Apply the inverse to ``z``, in place unless the network is being traced."""
        written = None if is_traced() else z
        if self._bounds is not None:
            bound = self._bounds.far if far else self._bounds.usual
            z = torch.clamp(z, -bound, bound, out=written)
        kept, changed = z[:, : self._kept], z[:, self._kept :]
        seen = kept.to(self._first.dtype).contiguous(memory_format=torch.channels_last)
        gain, offset = self._tail(self._first.rectified(seen, conditioning.hidden))
        if self._bounds is not None:
            gain.clamp_(max=LARGEST_GAIN)
        if written is None:
            z = torch.cat([kept, torch.addcmul(offset.float(), changed, gain)], 1)
            return torch.addcmul(conditioning.offset, z, conditioning.gain)
        torch.addcmul(offset, changed, gain, out=changed)
        return torch.addcmul(conditioning.offset, z, conditioning.gain, out=z)


class _CouplingTail:
    """A coupling network after its first ReLU: N x hidden x H x W to the inverse's gain and offset.

    Both are N x C x H x W: gain ``1 / scale``, float32, and offset ``-shift``, in the network's data type.
    """

    def __init__(self, net: Any, inner: Place) -> None:
        scale = net.second.norm.log_scale.exp().flatten()
        weight = net.second.conv.weight * scale.view(-1, 1, 1, 1)
        self._second = Conv(weight, net.second.norm.bias.flatten() * scale, inner)
        scale = (3.0 * net.last.log_scale).exp().flatten()
        weight, bias = net.last.conv.weight * scale.view(-1, 1, 1, 1), net.last.conv.bias * scale
        weight, bias = torch.cat([-weight[0::2], weight[1::2]]), torch.cat([-bias[0::2], bias[1::2] + 2.0])
        self._last = Conv(weight, bias, inner)

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        offset, raw = self._last(self._second.rectified(x)).chunk(2, 1)
        gain = raw.to(torch.float32, copy=True).sigmoid_().add_(1e-4).reciprocal_()
        return gain, offset


def _batched_first(couplings: list[Any]) -> tuple[Tensor, Tensor]:
    """First convolutions on the condition: those of K conditions' networks, then of K self-couplings."""
    weights, biases = [], []
    for name in ("from_condition", "from_latent"):
        for coupling in couplings:
            first = getattr(coupling, name).first
            scale = first.norm.log_scale.exp().flatten()
            weight = first.conv.weight if name == "from_condition" else first.conv.weight[:, coupling.kept :]
            weights.append(weight * scale.view(-1, 1, 1, 1))
            biases.append(first.norm.bias.flatten() * scale)
    return torch.cat(weights), torch.cat(biases)


def _folded_mixes(level: Any) -> list[tuple[Tensor, Tensor]]:
    """For each conditional step, the inverse of its ActNorm and 1x1 convolution as matrix and bias.

    The first one includes the transition steps; its channels are in the order of `layers.unfold`: row,
    column, color instead of color, row, column.
    """
    mixes = [_inverse_affine(step) for step in level.conditional]
    for step in reversed(list(level.transitions)):
        matrix, bias = mixes[0]
        own_matrix, own_bias = _inverse_affine(step)
        mixes[0] = own_matrix @ matrix, own_matrix @ bias + own_bias
    matrix, bias = mixes[0]
    order = folded_order(len(bias) // 4)
    mixes[0] = matrix[order], bias[order]
    return mixes


def _inverse_affine(step: Any) -> tuple[Tensor, Tensor]:
    """``exp(-log_scale) * (W^-1 z) - bias`` as matrix and bias, float64."""
    scale = (-step.norm.log_scale.double()).exp().view(-1, 1)
    return scale * torch.linalg.inv(step.mix.weight.double()), -step.norm.bias.double().flatten()
