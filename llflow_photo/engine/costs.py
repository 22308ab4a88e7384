"""The cost of a network of a given size, computed from its size: operations, context and memory."""

from __future__ import annotations

import math
from itertools import pairwise

from ..flow import DenseSize, Size, UNetSize
from .inference import Precision

__all__ = [
    "default_halo",
    "flops_per_pixel",
    "kept_bytes_per_pixel",
    "receptive_field",
    "working_bytes_per_pixel",
]

_HEADS = 18
"""Channels of the three heads of a U-Net."""


def flops_per_pixel(size: Size) -> tuple[float, float]:
    """Count floating-point operations (two per multiply-add) per pixel of the photo.

    Returns:
        operations per photo, and additional operations per rendering.
    """
    photo, latent, hidden = _encoder_macs(size.encoder), 0.0, size.hidden
    for level, condition in enumerate(size.encoder.condition_channels, 1):
        channels, positions, steps = 3 * 4**level, 4**level, size.steps[level - 1]
        own = 9 * condition * hidden + hidden**2 + 9 * hidden * 2 * channels
        photo += steps * (own + 9 * condition * hidden) / positions
        tail = hidden**2 + 9 * hidden * channels
        latent += steps * (9 * channels // 2 * hidden + tail + channels**2) / positions
    return 2 * photo, 2 * latent


def _encoder_macs(encoder: DenseSize | UNetSize) -> float:
    """Multiply-adds of an encoder per pixel of the photo."""
    if isinstance(encoder, UNetSize):
        widths = encoder.widths
        total = 9 * (24 + _HEADS) * widths[0] / 4
        for level, width in enumerate(widths, 1):
            blocks = encoder.down[level - 1] + (*encoder.up, 0)[level - 1]
            total += 18 * blocks * width**2 / 4**level
        for level, (near, far) in enumerate(pairwise(widths), 2):
            total += 8 * near * far / 4**level
        return total
    features, growth = encoder.features, encoder.growth
    dense = sum((features + k * growth) * (growth if k < 4 else features) for k in range(5))
    front = 9 * (12 * features + features**2)
    half = 9 * (3 * encoder.blocks * dense + features**2) / 4
    return front + half + 9 * features**2 * (1 / 16 + 1 / 64) + 3 * features / 4


def receptive_field(size: Size) -> int:
    """Number of pixels on each side that can influence an output pixel."""
    encoder = size.encoder
    if isinstance(encoder, UNetSize):
        blocks = zip(encoder.down, (*encoder.up, 0), strict=True)
        reach = 4 + sum(2 * (down + up) * 2**level for level, (down, up) in enumerate(blocks, 1))
        reach += 2**Size.LEVELS
    else:
        reach = 2 + 2 * (15 * encoder.blocks + 1) + 4 + 8
    flow = sum(2 * steps * 2**level for level, steps in enumerate(size.steps, 1))
    return int(reach + flow + 2 * 2**Size.LEVELS)


def default_halo(size: Size) -> int:
    """Context on each side of a tile in pixels, a multiple of 8.

    It is a quarter of the receptive field for the paper's encoder, whose residuals are scaled by 0.2 twice,
    so that most of the receptive field has little influence, and a third of it for a U-Net; at least 64.
    """
    share = 3 if size.sees_whole_photo else 4
    return max(64, math.ceil(receptive_field(size) / share / Size.MULTIPLE) * Size.MULTIPLE)


def kept_bytes_per_pixel(size: Size, precision: Precision) -> float:
    """Memory of a cached encoding in bytes per pixel: shifts and gains in float32, `hidden` in its type."""
    total = 4.0 * 3
    if size.sees_whole_photo:
        total += 4 * (12 + 12) / 4
    for level, steps in enumerate(size.steps, 1):
        channels = 3 * 4**level
        total += steps * (4 * 2 * channels + precision.networks.itemsize * size.hidden) / 4**level
    return total


def working_bytes_per_pixel(size: Size, precision: Precision) -> float:
    """Peak memory of one tile in bytes per pixel read, from the layers that need most at once."""
    encoder, bytes_each = size.encoder, precision.networks.itemsize
    condition = encoder.condition_channels[0]
    if isinstance(encoder, UNetSize):
        front = 4 * (3 * 6 + 3) + 4 * 24 / 4
        inner = (bytes_each + precision.blocks.itemsize * 4) * encoder.widths[0] / 4
    else:
        front = 4 * (12 + 3 * encoder.features)
        inner = precision.blocks.itemsize * (5 * encoder.features + 8 * encoder.growth) / 4
    coupling = bytes_each * (2 * size.steps[0] * size.hidden + 2 * condition) / 4 + 4 * 12 * 8 / 4
    return front + inner + coupling + 4 * 12
