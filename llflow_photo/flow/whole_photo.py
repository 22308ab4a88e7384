"""The whole-photo branch: from a thumbnail of the frame to the context of all its parts.

It runs once per photo. Its outputs are constant or vary smoothly with the position, so that tiles, previews
and the full size agree: an exposure gain; a vector that scales and shifts the features of every block (FiLM,
Perez et al. 2018, arXiv:1709.07871); and a coarse grid of local gains and features, sliced by position (a
bilateral grid without its range axis, Gharbi et al. 2017, arXiv:1707.02880).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from .plain_nights import PlainNights
from .precision import full_precision
from .sizes import UNetSize

__all__ = ["GRID", "GRID_CHANNELS", "PhotoContext", "WholePhotoBranch", "grid_at"]

GRID = 16
"""Rows and columns of the grid over the frame."""
GRID_CHANNELS = 16
"""Channels of the grid: gains of red, green and blue, then features."""

_DARKEST = 2.0**-13
_LOWEST_EV, _HIGHEST_EV = -2.0, 9.0
_TONES = 128
_PART_SIDES = (0.89, 0.78)
"""Sides of the parts of a frame whose contexts are averaged, as fractions of the frame's."""


@dataclass(frozen=True)
class PhotoContext:
    """Output of the whole-photo branch for N photos.

    Attributes:
        gain_ev: N, exposure gain applied to the encoder's input, in EV.
        vector: N x C, from which every block is scaled and shifted.
        grid: N x `GRID_CHANNELS` x `GRID` x `GRID` over the frame; the first three channels are the predicted
            gains of red, green and blue in stops, relative to ``gain_ev``.
    """

    gain_ev: Tensor
    vector: Tensor
    grid: Tensor

    def brighter(self, ev: float) -> PhotoContext:
        """A copy with ``ev`` added to the gain."""
        return PhotoContext(self.gain_ev + ev, self.vector, self.grid)

    def to(self, device: torch.device) -> PhotoContext:
        """A copy on another device."""
        return PhotoContext(self.gain_ev.to(device), self.vector.to(device), self.grid.to(device))

    def __getitem__(self, photos: slice) -> PhotoContext:
        return PhotoContext(self.gain_ev[photos], self.vector[photos], self.grid[photos])


class WholePhotoBranch(nn.Module):
    """Strided convolutions over a thumbnail, N x 3 x S x S in linear light, to a `PhotoContext`.

    The context of a mirrored thumbnail is mirrored, too. In evaluation mode, gain and vector are means over
    the frame and parts of it.

    Args:
        channels: length of the vector.
        blocks: residual blocks at 1/4 and at 1/16 of the thumbnail's size. If there are any, the output of
            the latter is also an input of the grid.
        quantiles: number of quantiles of each channel's light, which are additional inputs of the vector and
            the gain. How bright a frame should be depends on its distribution of light: on how much of it is
            clipped, and how deep its shadows are.
        points: centers of the kernel regression that corrects the gain of plain nights, see `PlainNights`.
    """

    def __init__(self, channels: int, blocks: int = 0, quantiles: int = 0, points: int = 0) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            _conv(7, 24, 2), nn.ReLU(), _conv(24, 48, 2), nn.ReLU(), _conv(48, 48), nn.ReLU()
        )
        self.deep = nn.Sequential(_conv(48, channels, 2), nn.ReLU(), _conv(channels, channels, 2), nn.ReLU())
        self.near_blocks = nn.Sequential(*(_Residual(48) for _ in range(blocks)))
        self.deep_blocks = nn.Sequential(*(_Residual(channels) for _ in range(blocks)))
        self.deep_to_grid = nn.Conv2d(channels, 48, 1) if blocks else None
        self.summary = nn.Sequential(
            nn.Linear(2 * channels, channels), nn.ReLU(), nn.Linear(channels, channels), nn.ReLU()
        )
        self.exposure = nn.Linear(channels, 1)
        self.to_grid = nn.Linear(channels, 48)
        self.local = nn.Sequential(_conv(48, 48), nn.ReLU(), _conv(48, GRID_CHANNELS))
        self.tones = Tones(quantiles, channels) if quantiles else None
        self.plain_nights = PlainNights(points, Tones.CURVES * quantiles) if points else None
        nn.init.zeros_(self.exposure.weight)
        nn.init.constant_(self.exposure.bias, 2.0)
        last = self.local[-1]
        assert isinstance(last, nn.Conv2d)
        last.weight.data *= 0.1
        if self.deep_to_grid is not None:
            self.deep_to_grid.weight.data *= 0.1

    @classmethod
    def of_size(cls, size: UNetSize) -> WholePhotoBranch:
        """A branch with initial weights."""
        return cls(size.vector, size.branch, size.quantiles, size.points)

    def forward(self, thumbnail: Tensor) -> PhotoContext:
        """The context of a frame, its gain corrected if it is a plain night."""
        return self.corrected(self.predicted(thumbnail), thumbnail)

    def corrected(self, context: PhotoContext, thumbnail: Tensor) -> PhotoContext:
        """The context with the kernel regression's gain, if there is one, averaged into its gain.

        The share of the regression depends on the frame's plainness.
        """
        if self.plain_nights is None or self.tones is None:
            return context
        light = thumbnail.clamp(0.0, 1.0)
        with torch.no_grad(), torch.autocast(light.device.type, enabled=False):
            rendering = thumbnail_rendering(context, light)
            quantiles = self.tones.quantiles_of(light)
            change, share = self.plain_nights.change_and_share(quantiles, light, rendering)
        regression = context.gain_ev.detach() + change
        gain_ev = torch.lerp(context.gain_ev, regression, share)
        return replace(context, gain_ev=gain_ev.clamp(_LOWEST_EV, _HIGHEST_EV))

    @torch.no_grad()
    def certainty(self, thumbnail: Tensor) -> Tensor:
        """How certain it is that frames are plain nights, N, 0 to 1; 0 without a kernel regression."""
        if self.plain_nights is None or self.tones is None:
            return thumbnail.new_zeros(len(thumbnail))
        light = thumbnail.clamp(0.0, 1.0)
        _, plainness = self.plain_nights(self.tones.quantiles_of(light), light)
        return self.plain_nights.certainty(plainness)

    def predicted(self, thumbnail: Tensor) -> PhotoContext:
        """The context of a frame without this correction.

        A frame and its parts are to be equally bright, but the predictions for them differ: their mean has a
        smaller error. Training does without the parts, whose places are random there.
        """
        if self.training:
            return self._mean_context(thumbnail)
        several = self._mean_context(torch.cat([thumbnail, *_parts(thumbnail)]))
        gain_ev, vector = (
            values.view(-1, len(thumbnail), *values.shape[1:]).mean(0)
            for values in (several.gain_ev, several.vector)
        )
        return PhotoContext(gain_ev, vector, several.grid[: len(thumbnail)])

    def _mean_context(self, thumbnail: Tensor) -> PhotoContext:
        """The mean of the contexts of a thumbnail and of its mirror image.

        Both are equally likely photos. What the branch predicts for one and not for the other is an error.
        """
        context = self._context(torch.cat([thumbnail, thumbnail.flip(3)]))
        (gain, mirrored_gain), (vector, mirrored_vector), (grid, mirrored_grid) = (
            values.chunk(2) for values in (context.gain_ev, context.vector, context.grid)
        )
        return PhotoContext(
            (gain + mirrored_gain) / 2,
            (vector + mirrored_vector) / 2,
            (grid + mirrored_grid.flip(3)) / 2,
        )

    def _context(self, thumbnail: Tensor) -> PhotoContext:
        light = thumbnail.clamp(0.0, 1.0)
        stops = (light + _DARKEST).log2() / 8.0 + 0.75
        encoded = light.clamp_min(1e-6).pow(1 / 2.2)
        down = torch.linspace(-1.0, 1.0, light.shape[2]).to(light)[None, None, :, None]
        down = down.expand(len(light), 1, *light.shape[2:])
        near = self.near_blocks(self.stem(torch.cat([stops, encoded, down], 1)))
        deep = self.deep_blocks(self.deep(near))
        summary = self.summary[0](torch.cat([deep.mean((2, 3)), deep.amax((2, 3))], 1))
        if self.tones is not None:
            tones = self.tones.quantiles_of(light)
            summary = summary + self.tones(tones)
        vector = self.summary[1:](summary)
        gain_ev = full_precision(self.exposure(vector)[:, 0])
        if self.tones is not None:
            gain_ev = gain_ev + self.tones.gain_ev(tones)
        gain_ev = gain_ev.clamp(_LOWEST_EV, _HIGHEST_EV)
        known = near + self.to_grid(vector)[:, :, None, None]
        if self.deep_to_grid is not None:
            known = known + functional.interpolate(
                self.deep_to_grid(deep), near.shape[2:], mode="bilinear", align_corners=False
            )
        grid = self.local(known)
        return PhotoContext(gain_ev, full_precision(vector), full_precision(grid))


def _parts(thumbnail: Tensor) -> list[Tensor]:
    """The corners of a thumbnail, as if each was the whole frame: N x 3 x S x S, by nearest neighbor.

    Linear interpolation would average cells, and so change the distribution of light.
    """
    size = thumbnail.shape[2]
    parts = []
    for share in _PART_SIDES:
        side = round(share * size)
        for top in (0, size - side):
            for left in (0, size - side):
                part = thumbnail[:, :, top : top + side, left : left + side]
                parts.append(functional.interpolate(part, (size, size), mode="nearest-exact"))
    return parts


class Tones(nn.Module):
    """Contributions of the distribution of a frame's light to the whole-photo branch.

    Args:
        count: number of quantiles of each of red, green, blue, luminance and the brightest channel; they are
            closer together near the darkest and the brightest values.
        channels: length of the vector.
    """

    CURVES = 5
    """Kinds of light that have quantiles."""

    def __init__(self, count: int, channels: int) -> None:
        super().__init__()
        self.count = count
        self.layers = nn.Sequential(
            nn.Linear(self.CURVES * count, _TONES), nn.ReLU(), nn.Linear(_TONES, _TONES), nn.ReLU()
        )
        self.to_vector = nn.Linear(_TONES, channels)
        self.to_gain = nn.Linear(self.CURVES * count, 1)
        nn.init.zeros_(self.to_gain.weight)
        nn.init.zeros_(self.to_gain.bias)

    def quantiles_of(self, light: Tensor) -> Tensor:
        """Quantiles of N x 3 x S x S in linear light: N x (5 * count), log2, scaled."""
        luminance = torch.einsum("nchw,c->nhw", light, light.new_tensor([0.2126, 0.7152, 0.0722]))[:, None]
        sorted_light = torch.cat([light, luminance, light.amax(1, keepdim=True)], 1).flatten(2).sort(2).values
        shares = 0.5 - 0.5 * (torch.linspace(0.0, math.pi, self.count, dtype=torch.float64)).cos()
        places = (shares * (sorted_light.shape[2] - 1)).round().long().to(light.device)
        return ((sorted_light[:, :, places] + _DARKEST).log2() / 4.0 + 1.5).flatten(1)

    def forward(self, quantiles: Tensor) -> Tensor:
        added: Tensor = self.to_vector(self.layers(quantiles))
        return added

    def gain_ev(self, quantiles: Tensor) -> Tensor:
        """Contribution to the gain, N, in EV; a linear map, in full precision."""
        with torch.autocast(quantiles.device.type, enabled=False):
            gain: Tensor = self.to_gain(quantiles)[:, 0]
        return gain


class _Residual(nn.Module):
    """``x + conv(relu(conv(x)))``, N x C x h x w."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _conv(channels, channels)
        self.second = _conv(channels, channels)
        self.second.weight.data *= 0.2

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = x + self.second(self.first(x).relu())
        return changed


def grid_at(grid: Tensor, window: Tensor, height: int, width: int) -> Tensor:
    """Interpolate a grid over the frame bilinearly at the positions of a part of the frame.

    Args:
        grid: N x C x G x G, values at the centers of the frame's cells.
        window: N x 4: top, left, height and width of the part, as fractions of the frame's height and width.
            It may extend beyond the frame, where the values of the border are used.
        height: rows of the result.
        width: columns of the result.

    Returns:
        N x C x height x width.
    """
    rows = _weights(grid.shape[2], window[:, 0], window[:, 2], height)
    columns = _weights(grid.shape[3], window[:, 1], window[:, 3], width)
    return torch.einsum("nyg,ncgh,nxh->ncyx", rows, grid, columns)


def _weights(cells: int, start: Tensor, extent: Tensor, count: int) -> Tensor:
    """Weights of linear interpolation: N x count x cells."""
    steps = (torch.arange(count, dtype=start.dtype, device=start.device) + 0.5) / count
    place = ((start[:, None] + extent[:, None] * steps) * cells - 0.5).clamp(0, cells - 1)
    centers = torch.arange(cells, dtype=start.dtype, device=start.device)
    return (1.0 - (place[..., None] - centers).abs()).clamp_min(0.0)


def thumbnail_rendering(context: PhotoContext, thumbnail: Tensor) -> Tensor:
    """Apply the gains of the branch to a thumbnail: N x 3 x `GRID` x `GRID`, linear light.

    Training compares the result with the reference's thumbnail.
    """
    light = functional.adaptive_avg_pool2d(thumbnail, GRID)
    return light * torch.exp2(context.grid[:, :3] + context.gain_ev[:, None, None, None])


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
    nn.init.kaiming_normal_(conv.weight)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv
