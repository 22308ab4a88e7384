"""A synthetic night photo on which networks are measured; it is the same on every machine."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["calibration_image"]


def calibration_image() -> tuple[Tensor, Tensor]:
    """Create a synthetic night photo: dark ramps, lamps, edges and sensor noise.

    Returns:
        image 1 x 3 x 192 x 192 in [0, 1]; unit noise 1 x 192 x 24 x 24.
    """
    side = 192
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    tint = torch.tensor([1.0, 0.8, 0.6]).view(3, 1, 1)
    image = 0.02 + 0.12 * (x * y)[None] * tint
    image = image + 0.06 * ((x * 12).floor() + (y * 8).floor()).remainder(2)[None] * tint.flip(0) * y
    for center_y, center_x, radius in ((0.25, 0.3, 0.02), (0.4, 0.75, 0.05), (0.8, 0.5, 0.01)):
        distance = ((y - center_y) ** 2 + (x - center_x) ** 2).sqrt()
        image = image + 0.9 * torch.exp(-((distance / radius) ** 2))[None] * tint
    image = (image + 0.015 * torch.randn((3, side, side), generator=generator)).clamp(0, 1)
    return image[None], torch.randn((1, 192, side // 8, side // 8), generator=generator)
