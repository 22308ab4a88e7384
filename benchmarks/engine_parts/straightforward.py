"""The network as its description reads, step by step, for comparison: nothing folded, split or shared."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from llflow_photo.flow import LLFlow
from llflow_photo.flow.steps import squeeze

__all__ = ["render"]


@torch.inference_mode()
def render(flow: LLFlow, network_input: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """Encode and decode ``mean + offset``: the image and log|det|, N x 3 x H x W and N."""
    encoded = flow.encoder(network_input)
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
    return z, log_determinant


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
