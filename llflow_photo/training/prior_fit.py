"""Fitting the latent's prior to the residuals of references: mean, directions, spreads and noise scales."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..flow import LLFlow
from ..flow.basis import BANDS, DIRECTIONS, LATENT_CHANNELS, ORDERS, cosines
from ..flow.llflow import Conditioning
from ..flow.prior import LatentPrior
from .pairs import LoadedPair

__all__ = ["fit_prior", "fit_response", "fitted_prior", "residual_of", "standardized_residuals"]

_DARKEST = 1e-3
"""Least standard deviation of any component."""
_BRIGHTNESSES = [NormalDist().inv_cdf((number + 0.5) / 8) for number in range(8)]
"""First values of the looks with which references are compared: even, as those of eight seeds."""
_FITTINGS = 3
"""Steps in which the response converges to about a hundredth."""
_CELLS = 8
_LEVELINGS = 3
"""Steps of the secant method."""


@torch.no_grad()
def fitted_prior(flow: LLFlow, pairs: Sequence[LoadedPair]) -> LatentPrior:
    """Fit the prior of a trained network to photos it was not trained on.

    The first direction is the one that changes brightness most, and positive values make renderings brighter.
    The mean is moved along it until renderings with random looks are on average as bright as the best guess.
    """
    prior = fit_prior(residual_of(flow, pair) for pair in pairs)
    _sort_by_brightness(flow, pairs, prior)
    fit_response(flow, pairs, prior)
    _level_brightness(flow, pairs, prior)
    return prior


def _sort_by_brightness(flow: LLFlow, pairs: Sequence[LoadedPair], prior: LatentPrior) -> None:
    """Sort the directions by how much they change brightness, and make positive values brighter."""
    brightening = _brightening_directions(flow, pairs, prior)
    order = brightening.abs().argsort(descending=True)
    prior.directions.copy_(prior.directions[:, order] * torch.where(brightening[order] < 0, -1.0, 1.0))
    prior.spread.copy_(prior.spread[order])
    prior.detail[:-1] = prior.detail[:-1][order]


def _brightening_directions(flow: LLFlow, pairs: Sequence[LoadedPair], prior: LatentPrior) -> Tensor:
    """How much brighter the frame's spread in each direction makes renderings: `DIRECTIONS`."""
    changes = torch.zeros(len(pairs), DIRECTIONS)
    for row, pair in zip(changes, pairs, strict=True):
        conditioning = flow.encode(_image(pair.low))
        center = conditioning.mean + prior.mean.view(1, -1, 1, 1)
        for number, spread in enumerate(prior.spread[:, 0].tolist()):
            step = max(spread, _DARKEST) * prior.directions[:, number].view(1, -1, 1, 1)
            brighter, darker = (_light(flow, conditioning, center + sign * step) for sign in (1, -1))
            row[number] = (brighter - darker).mean()
    return changes.mean(0)


@torch.no_grad()
def fit_response(flow: LLFlow, pairs: Sequence[LoadedPair], prior: LatentPrior) -> None:
    """Scale random looks until renderings differ from the best guess as much as references do.

    Compared are root mean squares of all photos: of the difference of the mean color, for the frame, and of
    the rest of that of 8 x 8 cells, for regions.
    """
    for _ in range(_FITTINGS):
        generator = torch.Generator().manual_seed(0)
        of_references, of_renderings = torch.zeros(2), torch.zeros(2)
        for pair in pairs:
            conditioning = flow.encode(_image(pair.low))
            guess = _light(flow, conditioning, conditioning.mean)
            reference = functional.adaptive_avg_pool2d(_image(pair.high), _CELLS)
            of_references += _frame_and_regions(reference - guess)
            shape = conditioning.mean.shape[2], conditioning.mean.shape[3]
            for brightness in _BRIGHTNESSES:
                normal = torch.randn((1, DIRECTIONS, len(ORDERS)), generator=generator)
                normal[0, 0, 0] = brightness
                look = prior.looks(normal * prior.look_deviations(), shape)
                rendering = _light(flow, conditioning, conditioning.mean + look)
                of_renderings += _frame_and_regions(rendering - guess) / len(_BRIGHTNESSES)
        prior.response *= (of_references / of_renderings.clamp_min(1e-12)).sqrt()


def _frame_and_regions(difference: Tensor) -> Tensor:
    """Mean squares of a difference's mean over cells, and of the rest, for 1 x 3 x rows x columns."""
    whole = difference.mean((2, 3), keepdim=True)
    return torch.stack([whole.square().mean(), (difference - whole).square().mean()])


def _level_brightness(flow: LLFlow, pairs: Sequence[LoadedPair], prior: LatentPrior) -> None:
    """Move the mean along the first direction until random looks do not change the mean brightness."""
    step = 0.1 * float(prior.spread[0, 0])
    direction = prior.directions[:, 0].clone()
    before = _brightening(flow, pairs, prior)
    for _ in range(_LEVELINGS):
        prior.mean += step * direction
        after = _brightening(flow, pairs, prior)
        if after == before:
            return
        step, before = -after * step / (after - before), after


def _brightening(flow: LLFlow, pairs: Sequence[LoadedPair], prior: LatentPrior) -> float:
    """Mean difference of random looks of the frame, in pairs of opposites, and the best guess."""
    generator = torch.Generator().manual_seed(0)
    differences = []
    for pair in pairs:
        conditioning = flow.encode(_image(pair.low))
        guess = _light(flow, conditioning, conditioning.mean)
        center = conditioning.mean + prior.mean.view(1, -1, 1, 1)
        normal = torch.randn(DIRECTIONS, generator=generator)
        look = prior.directions @ (normal * prior.spread[:, 0]) * prior.response[0]
        for sign in (1, -1):
            rendering = _light(flow, conditioning, center + sign * look.view(1, -1, 1, 1))
            differences.append(float((rendering - guess).mean()))
    return float(np.mean(differences))


def _light(flow: LLFlow, conditioning: Conditioning, latent: Tensor) -> Tensor:
    """Means of a rendering over 8 x 8 cells: N x 3 x 8 x 8."""
    return functional.adaptive_avg_pool2d(flow.decode(conditioning, latent).clamp(0.0, 1.0), _CELLS)


@torch.no_grad()
def residual_of(flow: LLFlow, pair: LoadedPair) -> Tensor:
    """The latent of a reference minus its mean, 192 x h x w, for the whole photo."""
    conditioning = flow.encode(_image(pair.low))
    latent, _ = flow.latent_of(_image(pair.high), conditioning)
    return (latent - conditioning.mean)[0]


def _image(pixels: np.ndarray) -> Tensor:
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255.0)
    return image.contiguous(memory_format=torch.channels_last)


def fit_prior(residuals: Iterable[Tensor]) -> LatentPrior:
    """Fit a prior to residuals of whole photos, each 192 x h x w.

    The mean is that of the photos' mean residuals. The directions are those in which coefficients of low
    order vary most, noise excluded; variances are averages over photos and the orders of a band, minus the
    contribution of noise.
    """
    photos = [_Coefficients(residual) for residual in residuals]
    mean = np.mean([photo.low[:, 0] for photo in photos], axis=0)
    for photo in photos:
        photo.low[:, 0] -= mean
    between = sum(photo.outer_products() for photo in photos) / len(photos)
    _, vectors = np.linalg.eigh(between)
    directions = vectors[:, : -DIRECTIONS - 1 : -1]
    prior = LatentPrior()
    prior.mean.copy_(torch.from_numpy(mean))
    prior.directions.copy_(torch.from_numpy(directions.copy()))
    noise = np.mean([photo.noise_variances(directions) for photo in photos], axis=0)
    prior.detail.copy_(torch.from_numpy(np.sqrt(np.maximum(noise, _DARKEST**2))))
    spread = np.zeros((DIRECTIONS, 1 + BANDS))
    for band in range(1 + BANDS):
        orders = [number for number, order in enumerate(ORDERS) if round(math.hypot(*order)) == band]
        variances = [photo.variances(directions, orders, noise) for photo in photos]
        spread[:, band] = np.sqrt(np.maximum(np.mean(variances, axis=0), 0.0) * len(orders))
    prior.spread.copy_(torch.from_numpy(spread))
    return prior


class _Coefficients:
    """A residual's coefficients of low order, and the second moments of the remainder.

    Attributes:
        low: 192 x orders, coefficients of the cosines.
        rest: 192 x 192, covariance of single positions without these components.
        positions: number of positions of the frame.
    """

    def __init__(self, residual: Tensor) -> None:
        values = residual.double().numpy()
        height, width = values.shape[1:]
        down, across = cosines(height, 0, height), cosines(width, 0, width)
        self.positions = height * width
        whole = np.einsum("chw,ih,kw->cik", values, down, across, optimize=True) / self.positions
        self.low = np.stack([whole[:, i, k] for i, k in ORDERS], 1)
        smooth = np.einsum("cik,ih,kw->chw", _only_low(whole), down, across, optimize=True)
        rest = (values - smooth).reshape(LATENT_CHANNELS, -1)
        self.rest = rest @ rest.T / max(1, self.positions - len(ORDERS))

    def outer_products(self) -> np.ndarray:
        """Sum of outer products of the coefficients, minus the contribution of noise: 192 x 192."""
        return np.asarray(self.low @ self.low.T - self.rest * (len(ORDERS) / self.positions))

    def noise_variances(self, directions: np.ndarray) -> np.ndarray:
        """Noise variances of single positions in each direction, and in all others: `DIRECTIONS` + 1."""
        along = np.einsum("cd,ce,ed->d", directions, self.rest, directions)
        others = (np.trace(self.rest) - along.sum()) / (LATENT_CHANNELS - DIRECTIONS)
        return np.array([*along, others])

    def variances(self, directions: np.ndarray, orders: Sequence[int], noise: np.ndarray) -> np.ndarray:
        """Variance of the coefficients, minus that of noise, averaged over orders: `DIRECTIONS`."""
        along = directions.T @ self.low[:, list(orders)]
        return np.asarray((along**2).mean(1) - noise[:-1] / self.positions)


def _only_low(whole: np.ndarray) -> np.ndarray:
    kept = np.zeros(whole.shape[1:], bool)
    for i, k in ORDERS:
        kept[i, k] = True
    return whole * kept


def standardized_residuals(prior: LatentPrior, residuals: Iterable[Tensor]) -> dict[str, float]:
    """Root mean square of residuals in units of the prior, per component; 1 if it is calibrated.

    Args:
        residuals: residuals of whole photos, each 192 x h x w.

    Returns:
        values for ``frame``, ``regions`` and ``detail`` (all directions).
    """
    directions, deviations = prior.directions.double().numpy(), prior.order_deviations().double().numpy()
    noise = prior.detail.double().numpy() ** 2
    found: dict[str, list[float]] = {"frame": [], "regions": [], "detail": []}
    for residual in residuals:
        photo = _Coefficients(residual - prior.mean.to(residual)[:, None, None])
        expected = deviations**2 + noise[:-1, None] / photo.positions
        ratio = (directions.T @ photo.low) ** 2 / expected
        found["frame"].append(float(ratio[:, 0].mean()))
        found["regions"].append(float(ratio[:, 1:].mean()))
        measured = photo.noise_variances(directions)
        share = np.array([*np.ones(DIRECTIONS), LATENT_CHANNELS - DIRECTIONS]) / LATENT_CHANNELS
        found["detail"].append(float((measured / noise * share).sum()))
    return {part: math.sqrt(float(np.mean(values))) for part, values in found.items()}
