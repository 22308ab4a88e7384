"""The exposure of plain nights, evenly lit and without lamps in the frame: a kernel regression.

How bright a frame should be is learned from photos, of which there are few. From a few hundred, kernel ridge
regression on the distribution and the layout of a frame's light predicts the exposure of plain nights with a
smaller error than convolutions do. It also predicts whether a frame is a plain night.

The kernel is a Gaussian. Its centers are some of the frames it was fitted to (the Nystroem method, Williams
and Seeger 2001).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["PlainNights", "exposure_between", "has_light", "layout_of"]

_DARKEST = 2.0**-13
_LAYOUT = 4
"""Rows and columns of the frame's layout."""
_LAYOUT_WEIGHT = 0.125
_WIDTH = 0.002
"""Factor of the squared distance in the exponent of the kernel."""
_UNLIKELY = 0.5
"""Plainness up to which the regression is not used."""
_CERTAIN = 0.8
"""Plainness from which the regression has its full share."""
_SHARE = 0.7
"""This share: the rest is the branch's."""
_LARGEST_CHANGE_EV = 1.5
_BLACK = 1e-5
"""Light that counts as black."""
_LOWEST_EV, _HIGHEST_EV = -3.0, 10.0
_HALVINGS = 20


class PlainNights(nn.Module):
    """Predicts exposure gain and plainness of N frames; before it is fitted, it predicts that none is plain.

    Args:
        points: number of the kernel's centers.
        quantiles: length of the quantiles of a frame, see `whole_photo.Tones.quantiles_of`.
    """

    points: Tensor
    coefficients: Tensor
    offset: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, points: int, quantiles: int) -> None:
        super().__init__()
        self.register_buffer("points", torch.zeros(points, quantiles + _LAYOUT**2))
        self.register_buffer("coefficients", torch.zeros(points, 2))
        self.register_buffer("offset", torch.zeros(2))
        self.register_buffer("mean", torch.zeros(quantiles))
        self.register_buffer("scale", torch.ones(()))

    def features(self, quantiles: Tensor, layout: Tensor) -> Tensor:
        """Quantiles, N x Q, relative to their mean and scaled, and layout, N x 16: N x F."""
        return torch.cat([(quantiles - self.mean) / self.scale, layout], 1)

    def kernel(self, features: Tensor) -> Tensor:
        """The kernel of N frames and the centers: N x points, float64."""
        distances = torch.cdist(features.double(), self.points.double())
        return torch.exp(-_WIDTH * distances.square())

    def forward(self, quantiles: Tensor, light: Tensor) -> tuple[Tensor, Tensor]:
        """Gain in EV that makes each frame as bright as it should be, and its plainness, each N.

        The gain is that of `exposure_between`. The plainness is a regression of 1 for plain nights and 0 for
        others.

        Args:
            quantiles: N x Q.
            light: thumbnails, N x 3 x S x S, linear light.
        """
        kernel = self.kernel(self.features(quantiles, layout_of(light)))
        gain_ev, plainness = (kernel @ self.coefficients.double() + self.offset).to(light).unbind(1)
        return gain_ev, plainness

    @staticmethod
    def certainty(plainness: Tensor) -> Tensor:
        """How certain it is that frames of this plainness are plain nights, 0 to 1."""
        return ((plainness - _UNLIKELY) / (_CERTAIN - _UNLIKELY)).clamp(0.0, 1.0)

    @torch.no_grad()
    def change_and_share(self, quantiles: Tensor, light: Tensor, rendering: Tensor) -> tuple[Tensor, Tensor]:
        """What the regression would change of the exposure of a rendering, in EV, and its share, each N.

        Args:
            quantiles: N x Q.
            light: thumbnails, N x 3 x S x S, linear light.
            rendering: what the gains of the branch make of them, N x 3 x G x G, linear light.
        """
        gain_ev, plainness = self(quantiles, light)
        dark = functional.adaptive_avg_pool2d(light, rendering.shape[2])
        change = gain_ev - exposure_between(dark, rendering)
        change = change.clamp(-_LARGEST_CHANGE_EV, _LARGEST_CHANGE_EV)
        return torch.where(has_light(rendering), change, 0.0), _SHARE * self.certainty(plainness)


def has_light(frames: Tensor) -> Tensor:
    """Whether frames, N x 3 x G x G in linear light, are not black, N; black ones have no exposure."""
    return frames.amax((1, 2, 3)) > _BLACK


def layout_of(light: Tensor) -> Tensor:
    """How the light of thumbnails, N x 3 x S x S, is distributed over the frame: N x 16, in stops, scaled."""
    cells = functional.adaptive_avg_pool2d(light, _LAYOUT).mean(1).flatten(1)
    layout = (cells + _DARKEST).log2() * _LAYOUT_WEIGHT
    return layout - layout.mean(1, keepdim=True)


def exposure_between(dark: Tensor, bright: Tensor) -> Tensor:
    """The gain, N, in EV, at which dark frames have the mean luma of bright ones.

    Args:
        dark: N x 3 x G x G, linear light.
        bright: likewise.
    """
    wanted = _mean_luma(bright)
    low, high = (torch.full_like(wanted, value) for value in (_LOWEST_EV, _HIGHEST_EV))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_dark = _mean_luma(dark * torch.exp2(middle)[:, None, None, None]) < wanted
        low, high = torch.where(too_dark, middle, low), torch.where(too_dark, high, middle)
    return (low + high) / 2


def _mean_luma(light: Tensor) -> Tensor:
    """Mean luma (BT.601) of N x 3 x G x G in linear light, encoded with a power of 1/2.2, N."""
    encoded = light.clamp(_BLACK, 1.0).pow(1 / 2.2)
    return torch.einsum("nchw,c->n", encoded, encoded.new_tensor([0.299, 0.587, 0.114])) / light[0, 0].numel()
