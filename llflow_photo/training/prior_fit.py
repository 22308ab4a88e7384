"""Fitting the latent's prior to the residuals of references: directions, spreads and noise scales."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from ..flow import LLFlow
from ..flow.basis import BANDS, DIRECTIONS, LATENT_CHANNELS, ORDERS, cosines
from ..flow.prior import LatentPrior
from .pairs import LoadedPair

__all__ = ["fit_prior", "fitted_prior", "residual_of", "standardized_residuals"]

_DARKEST = 1e-3
"""Least standard deviation of any component."""


@torch.no_grad()
def fitted_prior(flow: LLFlow, pairs: Sequence[LoadedPair]) -> LatentPrior:
    """Fit the prior of a trained network to photos it was not trained on.

    The signs of the directions are chosen so that positive values make renderings brighter.
    """
    prior = fit_prior(residual_of(flow, pair) for pair in pairs)
    conditioning = flow.encode(_image(pairs[0].low))
    for number, spread in enumerate(prior.spread[:, 0].tolist()):
        step = max(spread, _DARKEST) * prior.directions[:, number].view(1, -1, 1, 1)
        brighter, darker = (flow.decode(conditioning, conditioning.mean + s * step).mean() for s in (1, -1))
        if float(brighter) < float(darker):
            prior.directions[:, number].neg_()
    return prior


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

    The directions are those in which coefficients of low order vary most, noise excluded; variances are
    averages over photos and the orders of a band, minus the contribution of noise.
    """
    photos = [_Coefficients(residual) for residual in residuals]
    between = sum(photo.outer_products() for photo in photos) / len(photos)
    _, vectors = np.linalg.eigh(between)
    directions = vectors[:, : -DIRECTIONS - 1 : -1]
    prior = LatentPrior()
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
        photo = _Coefficients(residual)
        expected = deviations**2 + noise[:-1, None] / photo.positions
        ratio = (directions.T @ photo.low) ** 2 / expected
        found["frame"].append(float(ratio[:, 0].mean()))
        found["regions"].append(float(ratio[:, 1:].mean()))
        measured = photo.noise_variances(directions)
        share = np.array([*np.ones(DIRECTIONS), LATENT_CHANNELS - DIRECTIONS]) / LATENT_CHANNELS
        found["detail"].append(float((measured / noise * share).sum()))
    return {part: math.sqrt(float(np.mean(values))) for part, values in found.items()}
