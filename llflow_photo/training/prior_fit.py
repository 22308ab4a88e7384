"""Fitting the latent's prior to the residuals of references: mean, directions, spreads and noise scales."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..flow import LLFlow
from ..flow.basis import BANDS, DIRECTIONS, LATENT_CHANNELS, ORDERS, cosines
from ..flow.llflow import Conditioning
from ..flow.prior import LatentPrior
from .pairs import LoadedPair

__all__ = ["fit_prior", "fitted_prior", "residual_of", "standardized_residuals"]

_DARKEST = 1e-3
"""Least standard deviation of any component."""
_DRAWN = 4
"""Random looks per photo with which those of references are compared."""
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
    prior.response.copy_(_responses(flow, pairs, prior))
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


def _responses(flow: LLFlow, pairs: Sequence[LoadedPair], prior: LatentPrior) -> Tensor:
    """Measure `LatentPrior.response`: ratios of root mean square changes of all photos."""
    generator = torch.Generator().manual_seed(0)
    changes = []
    for pair in pairs:
        conditioning = flow.encode(_image(pair.low))
        latent, _ = flow.latent_of(_image(pair.high), conditioning)
        center = conditioning.mean + prior.mean.view(1, -1, 1, 1)
        still = _light(flow, conditioning, center)
        frame, regions = _components(prior, latent - center)
        with_frame = _light(flow, conditioning, center + frame)
        own = with_frame - still, _light(flow, conditioning, center + frame + regions) - with_frame
        looks = prior.sample_looks((center.shape[2], center.shape[3]), _DRAWN, generator)
        random = [
            torch.cat([_light(flow, conditioning, center + look[None]) for look in of_part]) - still
            for of_part in _components(prior, looks - prior.mean.view(1, -1, 1, 1))
        ]
        changes.append([[float(change.square().mean()) for change in each] for each in (own, random)])
    of_own, of_random = torch.tensor(changes).mean(0).sqrt()
    return torch.div(of_own, of_random.clamp_min(_DARKEST**2))


def _components(prior: LatentPrior, residual: Tensor) -> tuple[Tensor, Tensor]:
    """The components of the frame and of its regions in N x 192 x h x w latents minus their mean."""
    height, width = residual.shape[2:]
    down, across = cosines(height, 0, height), cosines(width, 0, width)
    basis = np.stack([np.outer(down[i], across[k]) for i, k in ORDERS])
    fields = torch.from_numpy(basis).to(residual)
    of_orders = torch.einsum("nchw,cd,ohw->ndo", residual, prior.directions, fields) / (height * width)
    parts = (slice(0, 1), slice(1, None))
    frame, regions = (
        torch.einsum("ndo,cd,ohw->nchw", of_orders[:, :, part], prior.directions, fields[part])
        for part in parts
    )
    return frame, regions


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
    """Means of a rendering over 16 x 16 cells: N x 3 x 16 x 16."""
    return functional.adaptive_avg_pool2d(flow.decode(conditioning, latent).clamp(0.0, 1.0), 16)


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
