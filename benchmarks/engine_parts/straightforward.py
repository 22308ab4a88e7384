"""The network as its description reads, step by step, for comparison: nothing folded, split or shared."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from llflow_photo.flow import LLFlow, PhotoStatistics
from llflow_photo.flow.inputs import equalize, network_input
from llflow_photo.flow.steps import squeeze
from llflow_photo.flow.unet import UNetEncoder

__all__ = ["render"]


@torch.inference_mode()
def render(flow: LLFlow, image: Tensor, statistics: PhotoStatistics, offset: Tensor) -> tuple[Tensor, Tensor]:
    """Encode a whole photo and decode ``mean + offset``.

    Args:
        flow: the network.
        image: 1 x 3 x H x W, sRGB-encoded, in [0, 1], H and W multiples of 8.
        statistics: of the photo.
        offset: 1 x 192 x H/8 x W/8.

    Returns:
        the image, 1 x 3 x H x W, not clipped, and log|det| of d image / d latent, 1, in nats.
    """
    encoded = _encoded(flow, image, statistics)
    z: Tensor = squeeze(encoded.color_map) + offset
    log_determinant = torch.zeros(len(z))
    for level, condition in zip(reversed(list(flow.flow.levels)), reversed(encoded.conditions), strict=True):
        for step in reversed([*level.transitions, *level.conditional]):
            if step.coupling is not None:
                z, change = _uncouple(step.coupling, z, condition)
                log_determinant = log_determinant + change
            z, change = _unmix(step, z)
            log_determinant = log_determinant + change
        z = functional.pixel_shuffle(z, 2)
    if not isinstance(flow.encoder, UNetEncoder):
        return z, log_determinant
    scale = functional.interpolate(encoded.scale, scale_factor=2.0)
    return z * scale + encoded.base, log_determinant + scale.log().sum((1, 2, 3))


def _encoded(flow: LLFlow, image: Tensor, statistics: PhotoStatistics) -> Any:
    if isinstance(flow.encoder, UNetEncoder):
        assert statistics.thumbnail is not None
        context = flow.context(torch.from_numpy(statistics.thumbnail)[None])
        return flow.encoder(image, context, torch.tensor([[0.0, 0.0, 1.0, 1.0]]))
    table = torch.from_numpy(statistics.equalization)[None]
    return flow.encoder(network_input(image, equalize(image, table)))


def _uncouple(coupling: Any, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
    kept, changed = z[:, : coupling.kept], z[:, coupling.kept :]
    shift, own_scale = _network(coupling.from_latent, torch.cat([kept, condition], 1))
    z = torch.cat([kept, changed / own_scale - shift], 1)
    shift, scale = _network(coupling.from_condition, condition)
    change = -own_scale.log().sum((1, 2, 3)) - scale.log().sum((1, 2, 3))
    return z / scale - shift, change


def _unmix(step: Any, z: Tensor) -> tuple[Tensor, Tensor]:
    positions = z.shape[2] * z.shape[3]
    weight = step.mix.weight.double()
    z = functional.conv2d(z, torch.linalg.inv(weight).to(z.dtype)[:, :, None, None])
    z = z * (-step.norm.log_scale).exp() - step.norm.bias
    return z, -(torch.linalg.slogdet(weight)[1].to(z.dtype) + step.norm.log_scale.sum()) * positions


def _network(net: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    hidden = _normalized(net.first.norm, functional.conv2d(x, net.first.conv.weight, padding=1)).relu()
    hidden = _normalized(net.second.norm, functional.conv2d(hidden, net.second.conv.weight)).relu()
    out = functional.conv2d(hidden, net.last.conv.weight, net.last.conv.bias, padding=1)
    out = out * (3 * net.last.log_scale).exp()
    return out[:, 0::2], torch.sigmoid(out[:, 1::2] + 2) + 1e-4


def _normalized(norm: Any, x: Tensor) -> Tensor:
    return (x + norm.bias) * norm.log_scale.exp()
