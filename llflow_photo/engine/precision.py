"""Where half precision may be used: faster on this device, and within 1/255 of float32 with this network."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..errors import OptionError
from ..flow import LLFlow
from ..flow.inputs import equalization_table
from .inference import FoldedFlow
from .view import prepare

__all__ = ["BACKENDS", "TOLERANCE", "calibration_image", "chosen_precision", "largest_difference"]

BACKENDS = ("auto", "float32", "half")
TOLERANCE = 0.7 / 255
"""Largest difference on the calibration image at which half precision is trusted to stay within 1/255."""


def chosen_precision(flow: LLFlow, device: torch.device, backend: str) -> torch.dtype:
    """The type to run a network's convolutions in.

    Args:
        flow: the network.
        device: where it will run.
        backend: one of `BACKENDS`.
    """
    if backend not in BACKENDS:
        raise OptionError(f"backend is {backend!r}; give one of {', '.join(BACKENDS)}")
    half = torch.bfloat16 if device.type == "cpu" else torch.float16
    if backend == "float32" or (backend == "auto" and device.type == "cpu" and not _has_fast_bfloat16()):
        return torch.float32
    if backend == "half" or largest_difference(flow, device, half) <= TOLERANCE:
        return half
    return torch.float32


@torch.inference_mode()
def largest_difference(flow: LLFlow, device: torch.device, half: torch.dtype) -> float:
    """Of the renderings in half and full precision of the calibration image, at temperatures 0 and 0.8."""
    image, table, offset = (part.to(device) for part in calibration_image())
    network_input = prepare(image, table)
    full, reduced = FoldedFlow(flow, device), FoldedFlow(flow, device, half)
    worst = 0.0
    for temperature in (0.0, 0.8):
        pair = [net(network_input, temperature * offset).clamp(0, 1) for net in (full, reduced)]
        difference = float((pair[0] - pair[1]).abs().max())
        if not math.isfinite(difference):
            return math.inf
        worst = max(worst, difference)
    return worst


def calibration_image() -> tuple[Tensor, Tensor, Tensor]:
    """A synthetic night: dark ramps, lamps, edges and sensor noise.

    Returns:
        image 1 x 3 x 192 x 192 in [0, 1]; its equalization table 3 x 256; unit noise 1 x 192 x 24 x 24.
    """
    side = 192
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    tint = torch.tensor([1.0, 0.8, 0.6]).view(3, 1, 1)
    image = 0.02 + 0.12 * (x * y)[None] * tint
    image = image + 0.06 * ((x * 12).floor() + (y * 8).floor()).remainder(2)[None] * tint.flip(0) * y
    for centre_y, centre_x, radius in ((0.25, 0.3, 0.02), (0.4, 0.75, 0.05), (0.8, 0.5, 0.01)):
        distance = ((y - centre_y) ** 2 + (x - centre_x) ** 2).sqrt()
        image = image + 0.9 * torch.exp(-((distance / radius) ** 2))[None] * tint
    image = (image + 0.015 * torch.randn((3, side, side), generator=generator)).clamp(0, 1)
    table = torch.from_numpy(equalization_table(image.permute(1, 2, 0).numpy()))
    return image[None], table, torch.randn((1, 192, side // 8, side // 8), generator=generator)


def _has_fast_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16; elsewhere it is emulated, slower than float32."""
    ops = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    if ops is not None and ops():
        return True
    amx = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(amx is not None and amx())
