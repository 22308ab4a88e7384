"""The guided filter of He, Sun and Tang (TPAMI 2013), to match the brightness of two images."""

from __future__ import annotations

import numpy as np

__all__ = ["box_mean", "guided_match"]


def guided_match(target: np.ndarray, guide: np.ndarray, radius: int, epsilon: float = 1e-4) -> np.ndarray:
    """An image with the structure of ``guide`` and the brightness and color of ``target``.

    In each window, each channel of the target is fitted as ``a * guide + b``, which averages out noise that
    only the target has.

    Args:
        target, guide: H x W x 3 float32 in [0, 1].
        radius: of the square windows, pixels.
        epsilon: variance of the guide below which a window is considered flat.

    Returns:
        H x W x 3 float32.
    """
    out = np.empty(target.shape, np.float32)
    for channel in range(target.shape[2]):
        x, y = guide[..., channel].astype(np.float64), target[..., channel].astype(np.float64)
        mean_x, mean_y = box_mean(x, radius), box_mean(y, radius)
        variance = box_mean(x * x, radius) - mean_x * mean_x
        slope = (box_mean(x * y, radius) - mean_x * mean_y) / (variance + epsilon)
        offset = mean_y - slope * mean_x
        out[..., channel] = box_mean(slope, radius) * x + box_mean(offset, radius)
    return out


def box_mean(values: np.ndarray, radius: int) -> np.ndarray:
    """Mean over a (2 radius + 1)-sided window, H x W float64; windows are cropped at the borders."""
    return _along(_along(values, radius, 0), radius, 1)


def _along(values: np.ndarray, radius: int, axis: int) -> np.ndarray:
    """Differences of cumulative sums, which are continued by ``radius`` constant values on both sides."""
    length = values.shape[axis]
    shape = list(values.shape)
    shape[axis] = length + 2 * radius + 1
    sums = np.empty(shape)

    def part(start: int, stop: int) -> np.ndarray:
        return sums[start:stop] if axis == 0 else sums[:, start:stop]

    part(0, radius + 1)[...] = 0.0
    np.cumsum(values, axis=axis, out=part(radius + 1, radius + 1 + length))
    part(radius + 1 + length, length + 2 * radius + 1)[...] = part(radius + length, radius + length + 1)
    total = part(2 * radius + 1, 2 * radius + 1 + length) - part(0, length)
    index = np.arange(length)
    count = np.minimum(index + radius + 1, length) - np.maximum(index - radius, 0)
    total /= count[:, None] if axis == 0 else count
    return np.asarray(total)
