"""The change from one rendering to another that changes light and color, but no detail.

In each channel, it is an affine function of the value, whose coefficients vary slowly over the frame. It is
fitted to two small renderings and applied to one of full size (fast guided filter, He and Sun 2015,
arXiv:1505.00996, here with the ratio of brightness as the gain of flat regions).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..callbacks import Cancel, Progress, raise_if_cancelled

if TYPE_CHECKING:
    from .view import FramePart

__all__ = ["ColorChange"]

_RADIUS = 6
"""Coefficients are fitted to windows of 13 x 13 pixels of the small renderings, then averaged over such."""
_FLAT = 3e-3
"""Variance within a window, in squared units of the encoded value, above which it determines the gain."""
_DARK = 0.02
"""Added to brightness before ratios are taken."""
_ROWS = 128
"""Number of rows that are changed at once."""


@dataclass(frozen=True)
class ColorChange:
    """Coefficients of ``gain * value + shift``, defined on a grid over the whole frame.

    Attributes:
        gain: 3 x h x w, float32, on the CPU.
        shift: likewise, in units of the encoded value.
    """

    gain: Tensor
    shift: Tensor

    @classmethod
    def between(cls, before: Tensor, after: Tensor) -> ColorChange:
        """Fit the change from ``before`` to ``after``, 3 x h x w, float32, two renderings of the frame.

        Per window, the coefficients minimize ``|gain * before + shift - after|^2 + flat * |gain - ratio|^2``,
        with the ratio of the mean values.
        """
        before, after = before.double(), after.double()
        mean_before, mean_after = _window_mean(before), _window_mean(after)
        variance = _window_mean(before * before) - mean_before**2
        covariance = _window_mean(before * after) - mean_before * mean_after
        ratio = (mean_after + _DARK) / (mean_before + _DARK)
        gain = (covariance + _FLAT * ratio) / (variance + _FLAT)
        shift = mean_after - gain * mean_before
        return cls(_window_mean(gain).float(), _window_mean(shift).float())

    def of_small(self, rendering: Tensor) -> Tensor:
        """Change a rendering of the size of ``gain`` and clip it to [0, 1]: 3 x h x w, float32."""
        return torch.addcmul(self.shift, rendering, self.gain).clamp_(0.0, 1.0)

    def apply(
        self,
        rendering: np.ndarray,
        out: np.ndarray,
        part: FramePart,
        cancel: Cancel | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Change a rendering of a part of the frame and clip it to [0, 1].

        Args:
            rendering: H x W x 3, float32, sRGB-encoded; it may exceed [0, 1].
            out: array for the result, likewise; it may be ``rendering`` itself.
            part: position of the rendering in its frame.
            cancel: called before each block of rows; `CancelledError` is raised if it returns true.
            progress: called with the number of rows done and of all.
        """
        height, width = rendering.shape[:2]
        # h x (W * 3): the coefficients at the columns of the part, colors last as in the picture.
        left, right, fraction = _nodes(self.gain.shape[2], part.frame[1], part.left, width)
        gain, shift = (
            torch.lerp(values[..., left], values[..., right], fraction).permute(1, 2, 0).flatten(1)
            for values in (self.gain, self.shift)
        )
        above, below, fraction = _nodes(self.gain.shape[1], part.frame[0], part.top, height)
        source, target = torch.from_numpy(rendering), torch.from_numpy(out)
        for top in range(0, height, _ROWS):
            raise_if_cancelled(cancel)
            rows = slice(top, min(top + _ROWS, height))
            near = slice(int(above[top]), int(below[rows.stop - 1]) + 1)
            weights = torch.zeros((rows.stop - top, near.stop - near.start))
            index = torch.arange(rows.stop - top)
            weights[index, above[rows] - near.start] = 1.0 - fraction[rows]
            weights[index, below[rows] - near.start] += fraction[rows]
            own_gain, own_shift = ((weights @ values[near]).view(-1, width, 3) for values in (gain, shift))
            torch.addcmul(own_shift, source[rows], own_gain, out=target[rows]).clamp_(0.0, 1.0)
            if progress:
                progress(rows.stop, height)


def _window_mean(values: Tensor) -> Tensor:
    """Mean over a window around each position, positions outside the frame not counted; ... x h x w."""
    return _averaging(values.shape[-2]) @ values @ _averaging(values.shape[-1]).T


def _averaging(nodes: int) -> Tensor:
    """The matrix that averages over a window along one axis: nodes x nodes, float64."""
    places = torch.arange(nodes)
    inside = ((places[:, None] - places).abs() <= _RADIUS).double()
    return inside / inside.sum(1, keepdim=True)


def _nodes(nodes: int, total: int, start: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The two nodes nearest to each pixel along one axis, and its fraction of the way to the second one.

    Args:
        nodes: number of values, which cover the axis in equal cells.
        total: pixels of the whole axis.
        start: first pixel.
        count: number of pixels.
    """
    places = (torch.arange(start, start + count, dtype=torch.float64) + 0.5) * (nodes / total) - 0.5
    places = places.clamp(0, nodes - 1)
    first = places.long().clamp(max=max(0, nodes - 2))
    second = (first + 1).clamp(max=nodes - 1)
    return first, second, (places - first).float()
