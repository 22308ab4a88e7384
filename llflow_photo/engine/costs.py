"""What a network of a given size needs: floating-point operations, context, memory. Arithmetic only."""

from __future__ import annotations

import math

from ..flow import Size
from .inference import Precision

__all__ = [
    "default_halo",
    "flops_per_pixel",
    "kept_bytes_per_pixel",
    "receptive_field",
    "working_bytes_per_pixel",
]


def flops_per_pixel(size: Size) -> tuple[float, float]:
    """Floating-point operations (two per multiply-add) per pixel of the photo.

    Returns:
        what depends on the photo alone; what each rendering costs on top of it.
    """
    features, growth, hidden, condition = size.features, size.growth, size.hidden, size.condition_channels
    dense = sum((features + k * growth) * (growth if k < 4 else features) for k in range(5))
    front = 9 * (12 * features + features**2)
    half = 9 * (3 * size.blocks * dense + features**2) / 4
    photo = front + half + 9 * features**2 * (1 / 16 + 1 / 64) + 3 * features / 4
    latent = 0.0
    for level in range(1, Size.LEVELS + 1):
        channels, positions = 3 * 4**level, 4**level
        own = 9 * condition * hidden + hidden**2 + 9 * hidden * 2 * channels
        photo += size.steps * (own + 9 * condition * hidden) / positions
        tail = hidden**2 + 9 * hidden * channels
        latent += size.steps * (9 * channels // 2 * hidden + tail + channels**2) / positions
    return 2 * photo, 2 * latent


def receptive_field(size: Size) -> int:
    """Pixels on each side that can reach an output pixel at all."""
    encoder = 2 + 2 * (15 * size.blocks + 1) + 4 + 8
    flow = sum(2 * size.steps * 2**level for level in range(1, Size.LEVELS + 1))
    return int(encoder + flow + 2 * 2**Size.LEVELS)


def default_halo(size: Size) -> int:
    """Context per tile side, pixels: a quarter of the receptive field, a multiple of 8, at least 48.

    Residuals are scaled by 0.2 twice on the way, so influence fades long before the receptive field ends. A
    network without an exposure rule judges brightness from all it sees, and uses more: at least 64.
    """
    least = 48 if size.exposure else 64
    return max(least, math.ceil(receptive_field(size) / 4 / Size.MULTIPLE) * Size.MULTIPLE)


def kept_bytes_per_pixel(size: Size, precision: Precision) -> float:
    """Memory of a kept scene per pixel: shifts and gains in float32, hidden shares in the network's type."""
    total = 4.0 * 3
    for level in range(1, Size.LEVELS + 1):
        channels = 3 * 4**level
        total += size.steps * (4 * 2 * channels + precision.networks.itemsize * size.hidden) / 4**level
    return total


def working_bytes_per_pixel(size: Size, precision: Precision) -> float:
    """Peak memory of one tile per pixel read, from the layers that hold most at once."""
    front = 4 * (12 + 3 * size.features)
    dense = precision.blocks.itemsize * (3 * size.features + 2 * (size.features + 4 * size.growth)) / 4
    coupling = (
        precision.networks.itemsize * (2 * size.steps * size.hidden + 2 * size.condition_channels) / 4
        + 4 * 12 * 8 / 4
    )
    return front + dense + coupling + 4 * 12
