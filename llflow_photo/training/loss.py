"""The training loss: the exact likelihood and the error of the decoded mean."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from ..evaluation.metrics import ssim_map
from ..flow import Conditioning, LLFlow
from ..flow.inputs import reference_color_map
from ..flow.llflow import pad_to_multiple
from ..flow.steps import squeeze
from ..flow.whole_photo import GRID, PhotoContext, thumbnail_rendering
from .crops import Batch

__all__ = ["LossTerms", "LossWeights", "encode_batch", "frame_loss", "hybrid_loss", "nll_bits"]

QUANTIZATION = 32.0
"""Levels per unit of the uniform noise added to references."""
_LOOK_SHARE = 0.5
"""Fraction of steps that decode the mean with the reference's look; the others use a random look."""
_LIGHT_REGIONS = 4
_LIGHT_FLOOR = 0.02


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms; the likelihood alone is the paper's recipe.

    Attributes:
        likelihood: weight of the negative log-likelihood, in bits per pixel.
        absolute: weight of the mean absolute error of the decoded mean.
        aligned: weight of the mean absolute error of the decoded mean, scaled to the reference's mean luma:
            the brightness chosen for a reference can hardly be predicted from the dark photo.
        structural: weight of 1 - SSIM of the decoded mean, scaled likewise.
        look: weight of the mean absolute error of the decoded mean shifted by the low spatial frequencies of
            the reference's latent, which are to represent brightness and color of the frame and its regions.
            Only for networks with a whole-photo branch.
        steadiness: weight of the mean absolute error of a rendering with a random look of the prior, relative
            to the reference with the same change of light: a look is to change light and color, but not
            detail. Only for networks with a prior.
        frame: weight of the mean absolute error of thumbnails with the branch's gains applied, before the
            correction of plain nights.
        selector: probability that the latent's mean is the reference's color map instead of g(x).
    """

    likelihood: float = 0.01
    absolute: float = 1.0
    aligned: float = 1.0
    structural: float = 0.2
    look: float = 0.5
    steadiness: float = 0.5
    frame: float = 0.3
    selector: float = 0.2


@dataclass(frozen=True)
class LossTerms:
    """The weighted total, and single terms for the log (0 if not computed)."""

    total: Tensor
    nll: float
    absolute: float
    structural: float

    def with_term(self, term: Tensor) -> LossTerms:
        """A copy with ``term`` added to the total."""
        return replace(self, total=self.total + term)


def encode_batch(model: LLFlow, batch: Batch) -> tuple[Conditioning, PhotoContext | None]:
    """Encode a batch's dark crops; also return what the branch predicts, before its correction."""
    if batch.frames is None or model.branch is None:
        return model.encode(batch.low, batch.equalization), None
    thumbnails = batch.frames.thumbnails
    context = model.branch.predicted(thumbnails)
    corrected = model.branch.corrected(context, thumbnails)
    return model.encode(batch.low, context=corrected, window=batch.frames.windows), context


def nll_bits(
    model: LLFlow, reference: Tensor, conditioning: Conditioning, mean: Tensor | None = None
) -> Tensor:
    """Negative log-likelihood in bits per pixel, N (Wang et al. 2022, equation 7).

    ``-(log p - log(32) * H * W) / (ln 2 * H * W)`` of an N x 3 x H x W reference, to which uniform noise
    of +-0.5/32 is added in training.
    """
    return _bits(model.log_prob(reference, conditioning, mean), conditioning)


def _bits(log_density: Tensor, conditioning: Conditioning) -> Tensor:
    pixels = conditioning.color_map.shape[2] * conditioning.color_map.shape[3]
    return -(log_density - math.log(QUANTIZATION) * pixels) / (math.log(2.0) * pixels)


def hybrid_loss(
    model: LLFlow,
    conditioning: Conditioning,
    reference: Tensor,
    weights: LossWeights,
    generator: torch.Generator,
    brightness_weights: Tensor | None = None,
) -> LossTerms:
    """Compute the loss: likelihood of the reference with noise, errors of decoded means.

    Args:
        conditioning: conditioning of the dark crops, whose sizes are multiples of 8.
        reference: N x 3 x H x W in [0, 1].
        generator: CPU generator of the quantization noise, the random selector and the looks.
        brightness_weights: N, weights of the crops in the term ``absolute``; by default 1.
    """
    total = reference.new_zeros(())
    nll = absolute = structural = 0.0
    latent = None
    if weights.likelihood > 0:
        bits, latent = _noisy_nll(model, conditioning, reference, weights.selector, generator)
        total = total + weights.likelihood * bits.mean()
        nll = float(bits.detach().mean())
    if max(weights.absolute, weights.aligned, weights.structural) > 0:
        decoded = model.decode(conditioning)
        aligned = align_mean_luma(decoded, reference)
        error = _weighted_mean((decoded - reference).abs(), brightness_weights)
        error_aligned = (aligned - reference).abs().mean()
        dissimilarity = 1.0 - ssim_map(aligned, reference).mean()
        total = total + weights.absolute * error + weights.aligned * error_aligned
        total = total + weights.structural * dissimilarity
        absolute, structural = float(error.detach()), float(dissimilarity.detach())
    if model.branch is not None and float(torch.rand((), generator=generator)) < _LOOK_SHARE:
        if weights.look > 0 and latent is not None:
            total = total + weights.look * _look_error(model, conditioning, reference, latent, generator)
    elif weights.steadiness > 0 and model.prior is not None:
        total = total + weights.steadiness * _unsteadiness(model, conditioning, reference, generator)
    return LossTerms(total, nll, absolute, structural)


def _look_error(
    model: LLFlow,
    conditioning: Conditioning,
    reference: Tensor,
    latent: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Mean absolute error of the decoded mean, shifted by the low frequencies of the reference's latent."""
    smooth = _low_frequencies(latent - conditioning.mean, generator)
    return (model.decode(conditioning, conditioning.mean + smooth) - reference).abs().mean()


def _unsteadiness(
    model: LLFlow, conditioning: Conditioning, reference: Tensor, generator: torch.Generator
) -> Tensor:
    """Mean absolute error of a rendering with a random look, relative to the reference in its light.

    The light is the smoothed ratio of rendering and reference in each channel.
    """
    assert model.prior is not None
    height, width = conditioning.mean.shape[2:]
    looks = model.prior.sample_looks((height, width), len(reference), generator).to(reference)
    rendering = model.decode(conditioning, conditioning.mean + looks)
    light = _smoothed(rendering.detach().clamp_min(0.0)) / _smoothed(reference)
    return (rendering.clamp(max=1.05) - (reference * light).clamp(max=1.0)).abs().mean()


def _smoothed(image: Tensor) -> Tensor:
    """Means over quarters of the crop along each axis, interpolated linearly, plus a positive constant."""
    means = functional.adaptive_avg_pool2d(image, _LIGHT_REGIONS)
    smooth = functional.interpolate(means, image.shape[2:], mode="bilinear", align_corners=False)
    return smooth + _LIGHT_FLOOR


def _weighted_mean(errors: Tensor, weights: Tensor | None) -> Tensor:
    """Mean of N x 3 x H x W over everything, with a weight for each of the N."""
    return errors.mean() if weights is None else (errors.mean((1, 2, 3)) * weights).mean()


def frame_loss(context: PhotoContext, thumbnails: Tensor, references: Tensor, weights: Tensor) -> Tensor:
    """Mean absolute error of thumbnails with the whole-photo branch's gains applied, gamma-encoded.

    Args:
        context: output of the branch for N photos.
        thumbnails: thumbnails of the dark photos, N x 3 x S x S, linear light.
        references: thumbnails of their references, likewise.
        weights: N, weights of the photos.
    """
    rendering = thumbnail_rendering(context, thumbnails)
    target = functional.adaptive_avg_pool2d(references, GRID)
    # Values slightly above white keep a gradient; values far above it are lamps, which are ignored.
    return _weighted_mean((_encoded(rendering.clamp(max=1.2)) - _encoded(target)).abs(), weights)


def _encoded(light: Tensor) -> Tensor:
    return light.clamp_min(1e-5).pow(1 / 2.2)


def _low_frequencies(residual: Tensor, generator: torch.Generator) -> Tensor:
    """Means over the crop or over regions of it, interpolated linearly: N x 192 x h x w to the same."""
    regions = 1 if float(torch.rand((), generator=generator)) < 0.5 else 3
    means = functional.adaptive_avg_pool2d(residual, regions)
    size = (residual.shape[2], residual.shape[3])
    return functional.interpolate(means, size, mode="bilinear", align_corners=False)


def align_mean_luma(image: Tensor, reference: Tensor) -> Tensor:
    """Scale each image to its reference's mean luma (BT.601), not clipped; N x 3 x H x W."""
    weights = image.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    mean, wanted = ((x * weights).sum(1).mean((1, 2)) for x in (image, reference))
    # At most a factor of 4, to limit the gradients of dark outputs early in training.
    scale = wanted / torch.maximum(mean, wanted / 4).clamp_min(1e-3)
    return image * scale.view(-1, 1, 1, 1)


def _noisy_nll(
    model: LLFlow,
    conditioning: Conditioning,
    reference: Tensor,
    selector: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Bits per pixel, N, and the latent of the reference with noise."""
    noise = torch.rand(reference.shape, generator=generator).to(reference) - 0.5
    noised = reference + noise / QUANTIZATION
    mean = conditioning.mean
    if selector > 0:
        chosen = (torch.rand(reference.shape[0], generator=generator) < selector).to(mean.device)
        of_reference = squeeze(reference_color_map(pad_to_multiple(reference)))
        mean = torch.where(chosen[:, None, None, None], of_reference, mean)
    latent, log_determinant = model.latent_of(noised, conditioning)
    log_density = model.prior_log_density(latent - mean, conditioning.window) + log_determinant
    return _bits(log_density, conditioning), latent
