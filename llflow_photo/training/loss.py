"""What training minimises: the exact likelihood, and the error of the decoded mean beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..evaluation.metrics import ssim_map
from ..flow import Conditioning, LLFlow
from ..flow.inputs import reference_color_map
from ..flow.llflow import pad_to_multiple
from ..flow.steps import squeeze

__all__ = ["LossTerms", "LossWeights", "hybrid_loss", "nll_bits"]

QUANTIZATION = 32.0
"""Levels per unit of the uniform noise added to references."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms; the likelihood alone is the paper's recipe.

    Attributes:
        likelihood: of the negative log-likelihood, in bits per pixel.
        absolute: of the mean absolute error of the decoded mean.
        aligned: of the mean absolute error of the decoded mean scaled to the reference's mean luma. How
            bright a reference was made is hardly in the dark photo, so this term teaches what is.
        structural: of 1 - SSIM of the decoded mean, scaled likewise.
        selector: probability that the latent's mean is the reference's color map instead of g(x).
    """

    likelihood: float = 0.01
    absolute: float = 1.0
    aligned: float = 1.0
    structural: float = 0.2
    selector: float = 0.2


@dataclass(frozen=True)
class LossTerms:
    """The weighted total to differentiate, and the terms for the log (0 where not computed)."""

    total: Tensor
    nll: float
    absolute: float
    structural: float


def nll_bits(
    model: LLFlow, reference: Tensor, conditioning: Conditioning, mean: Tensor | None = None
) -> Tensor:
    """Negative log-likelihood in bits per pixel, N (specification of Wang et al. 2022, equation 7).

    ``-(log p - log(32) * H * W) / (ln 2 * H * W)`` of an N x 3 x H x W reference, to which the caller adds
    uniform noise of +-0.5/32 in training.
    """
    pixels = conditioning.color_map.shape[2] * conditioning.color_map.shape[3]
    log_density = model.log_prob(reference, conditioning, mean)
    return -(log_density - math.log(QUANTIZATION) * pixels) / (math.log(2.0) * pixels)


def hybrid_loss(
    model: LLFlow,
    conditioning: Conditioning,
    reference: Tensor,
    weights: LossWeights,
    generator: torch.Generator,
) -> LossTerms:
    """Likelihood of the noised reference, and L1 and SSIM of the decoded mean.

    Args:
        conditioning: of the dark crops, sizes a multiple of 8.
        reference: N x 3 x H x W in [0, 1].
        generator: on the CPU; draws the quantization noise and the random selector.
    """
    total = reference.new_zeros(())
    nll = absolute = structural = 0.0
    if weights.likelihood > 0:
        bits = _noisy_nll(model, conditioning, reference, weights.selector, generator).mean()
        total = total + weights.likelihood * bits
        nll = float(bits.detach())
    if max(weights.absolute, weights.aligned, weights.structural) > 0:
        decoded = model.decode(conditioning)
        aligned = align_mean_luma(decoded, reference)
        error = (decoded - reference).abs().mean()
        error_aligned = (aligned - reference).abs().mean()
        dissimilarity = 1.0 - ssim_map(aligned, reference).mean()
        total = total + weights.absolute * error + weights.aligned * error_aligned
        total = total + weights.structural * dissimilarity
        absolute, structural = float(error.detach()), float(dissimilarity.detach())
    return LossTerms(total, nll, absolute, structural)


def align_mean_luma(image: Tensor, reference: Tensor) -> Tensor:
    """Scale each image to its reference's mean luma (BT.601), not clipped; N x 3 x H x W."""
    weights = image.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    mean, wanted = ((x * weights).sum(1).mean((1, 2)) for x in (image, reference))
    # At most fourfold: a dark output early in training would otherwise get enormous gradients.
    scale = wanted / torch.maximum(mean, wanted / 4).clamp_min(1e-3)
    return image * scale.view(-1, 1, 1, 1)


def _noisy_nll(
    model: LLFlow,
    conditioning: Conditioning,
    reference: Tensor,
    selector: float,
    generator: torch.Generator,
) -> Tensor:
    noise = torch.rand(reference.shape, generator=generator).to(reference) - 0.5
    noised = reference + noise / QUANTIZATION
    mean = conditioning.mean
    if selector > 0:
        chosen = (torch.rand(reference.shape[0], generator=generator) < selector).to(mean.device)
        of_reference = squeeze(reference_color_map(pad_to_multiple(reference)))
        mean = torch.where(chosen[:, None, None, None], of_reference, mean)
    return nll_bits(model, noised, conditioning, mean)
