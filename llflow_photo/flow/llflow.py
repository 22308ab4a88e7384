"""LLFlow, the conditional normalizing flow of Wang et al. 2022 (arXiv:2109.05923).

`encode` computes everything that depends only on the dark photo; `decode` and `log_prob` are then run for any
number of latents or references with that conditioning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .checks import check_image, check_latent, check_reference
from .encoder import ConditionalEncoder
from .inputs import equalization_table, equalize, network_input
from .prior import LatentPrior
from .sizes import COMPACT, Size, UNetSize
from .steps import Flow, LevelConditions, squeeze
from .thumbnail import thumbnail
from .unet import UNetEncoder
from .whole_photo import PhotoContext, WholePhotoBranch

__all__ = ["Conditioning", "LLFlow"]

_ROUNDING = 1 / 64
"""Rounding errors of windows in float32, in latent positions of the frame, are smaller; a pixel is 1/8."""


@dataclass(frozen=True)
class Conditioning:
    """Everything the flow needs to know about a dark photo of H x W pixels.

    H' and W' are H and W rounded up to multiples of 8.

    Attributes:
        color_map: g(x), N x 3 x H' x W'; in (0, 1) for the paper's encoder.
        levels: the conditions for levels 1, 2, 3, N x C x H'/2^level x W'/2^level.
        couplings: what each conditional step of each level needs, precomputed.
        height: H of the photo.
        width: W of the photo.
        base: for networks with a whole-photo branch, a first rendering, N x 3 x H' x W'. The flow models
            ``(image - base) / scale``.
        scale: likewise, N x 3 x H'/2 x W'/2, each value for 2 x 2 pixels.
        window: N x 4, the position of each image in its photo, padding included; None for whole photos.
    """

    color_map: Tensor
    levels: tuple[Tensor, ...]
    couplings: tuple[LevelConditions, ...]
    height: int
    width: int
    base: Tensor | None = None
    scale: Tensor | None = None
    window: Tensor | None = None

    @property
    def mean(self) -> Tensor:
        """Mean of the latent: g(x) squeezed to N x 192 x H'/8 x W'/8."""
        return squeeze(self.color_map)

    def relative(self, image: Tensor) -> Tensor:
        """What the flow models, N x 3 x H' x W': ``(image - base) / scale``, or the image without a base."""
        if self.base is None or self.scale is None:
            return image
        return (image - self.base) / _full_size(self.scale)


class LLFlow(nn.Module):
    """A distribution over well-exposed renderings of a dark photo.

    Images are N x 3 x H x W, sRGB-encoded, in [0, 1], of any height and width; latents are
    N x 192 x H'/8 x W'/8, where H' and W' are H and W rounded up to multiples of 8. Decoded images are not
    clipped.

    Attributes:
        lowest_channel_ratio: lowest `channel_ratio` of the photos it was trained with; None if it is not
            known. The engine balances the colors of photos below it.
    """

    def __init__(self, size: Size = COMPACT) -> None:
        super().__init__()
        self.size = size
        self.lowest_channel_ratio: float | None = None
        self.encoder: ConditionalEncoder | UNetEncoder
        self.branch: WholePhotoBranch | None = None
        self.prior: LatentPrior | None = LatentPrior() if size.prior else None
        if isinstance(size.encoder, UNetSize):
            self.encoder = UNetEncoder(size.encoder)
            self.branch = WholePhotoBranch.of_size(size.encoder)
        else:
            self.encoder = ConditionalEncoder(size.encoder)
        self.flow = Flow(size)

    def context(self, thumbnails: Tensor) -> PhotoContext | None:
        """Output of the whole-photo branch; None for networks without one.

        Args:
            thumbnails: N x 3 x S x S, linear light, in [0, 1], see `flow.thumbnail`.
        """
        return None if self.branch is None else self.branch(thumbnails)

    def encode(
        self,
        image: Tensor,
        equalization: Tensor | None = None,
        *,
        context: PhotoContext | None = None,
        window: Tensor | None = None,
    ) -> Conditioning:
        """Compute everything that depends only on the dark photo.

        Args:
            image: N x 3 x H x W in [0, 1].
            equalization: N x 3 x 256, the whole photo's `equalization_table`, which the paper's encoder needs
                if ``image`` is only part of the photo; by default it is computed from ``image``.
            context: output of `context` for the whole photos; by default it is computed from ``image``.
            window: N x 4, the position of each image in its photo: top, left, height and width as fractions
                of the photo's height and width; by default the whole photo.

        Raises:
            ImageInputError: ``image`` has another shape, or another type than the weights.
        """
        check_image("image", image, self.encoder)
        height, width = image.shape[2:]
        base = scale = None
        if isinstance(self.encoder, UNetEncoder):
            if context is None:
                context = self.context(_thumbnails(image))
            assert context is not None
            padded = pad_to_multiple(image)
            grown = image.new_tensor([1.0, 1.0, padded.shape[2] / height, padded.shape[3] / width])
            window = None if window is None else window * grown
            whole = grown * grown.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(len(image), 4)
            encoded = self.encoder(padded, context, whole if window is None else window)
            base, scale = encoded.base, encoded.scale
        else:
            if equalization is None:
                tables = np.stack([equalization_table(photo) for photo in _arrays(image)])
                equalization = torch.from_numpy(tables).to(image)
            image = pad_to_multiple(image)
            encoded = self.encoder(network_input(image, equalize(image, equalization)))
        couplings = self.flow.condition(encoded.conditions)
        color, conditions = encoded.color_map, encoded.conditions
        return Conditioning(color, conditions, couplings, height, width, base, scale, window)

    def decode(self, conditioning: Conditioning, latent: Tensor | None = None) -> Tensor:
        """Map latents, M x 192 x H'/8 x W'/8 (default: the mean), to images, M x 3 x H x W.

        M latents can be decoded with the conditioning of one photo (N = 1).

        Raises:
            ImageInputError: ``latent`` has another shape, or another type than the weights.
        """
        image, _ = self.decode_with_log_determinant(conditioning, latent)
        return image[:, :, : conditioning.height, : conditioning.width]

    def decode_with_log_determinant(
        self, conditioning: Conditioning, latent: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`decode` without cropping, M x 3 x H' x W', and log|det| of d image / d latent, M, in nats."""
        if latent is None:
            latent = conditioning.mean
        else:
            check_latent(latent, conditioning.color_map, self.flow)
        image, log_determinant = self.flow.inverse(latent, conditioning.couplings)
        if conditioning.base is None or conditioning.scale is None:
            return image, log_determinant
        image = image * _full_size(conditioning.scale) + conditioning.base
        return image, log_determinant + _scale_log_determinant(conditioning.scale)

    def sample_latent(
        self,
        conditioning: Conditioning,
        temperature: float,
        samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw ``z = g + temperature * r``, ``r`` from the prior: samples x 192 x H'/8 x W'/8."""
        mean = conditioning.mean
        if self.prior is not None:
            return mean + temperature * self.prior.sample((mean.shape[2], mean.shape[3]), samples, generator)
        noise = torch.randn(
            (samples, *mean.shape[1:]), generator=generator, dtype=mean.dtype, device=mean.device
        )
        return mean + temperature * noise

    def latent_of(self, reference: Tensor, conditioning: Conditioning) -> tuple[Tensor, Tensor]:
        """Map images to latents, N x 192 x H'/8 x W'/8; also return the log-determinant, N, in nats.

        Raises:
            ImageInputError: ``reference`` has another shape, or another type than the weights.
        """
        check_reference(reference, conditioning.color_map, self.flow)
        relative = conditioning.relative(pad_to_multiple(reference))
        latent, log_determinant = self.flow(relative, conditioning.couplings)
        if conditioning.scale is not None:
            log_determinant = log_determinant - _scale_log_determinant(conditioning.scale)
        return latent, log_determinant

    def log_prob(self, reference: Tensor, conditioning: Conditioning, mean: Tensor | None = None) -> Tensor:
        """Log-density of a rendering given the photo, N, in nats, over the H' x W' padded image.

        Args:
            reference: N x 3 x H x W in [0, 1].
            mean: of the latent, by default that of the conditioning; the random selector of the paper's
                section 3.3 uses ``squeeze(reference_color_map(reference))`` instead.

        Raises:
            ImageInputError: as for `latent_of`.
        """
        latent, log_determinant = self.latent_of(reference, conditioning)
        mean = conditioning.mean if mean is None else mean
        return self.prior_log_density(latent - mean, conditioning.window) + log_determinant

    def prior_log_density(self, residual: Tensor, window: Tensor | None = None) -> Tensor:
        """Log-density under the prior of latents minus their means: N x 192 x h x w to N, in nats.

        Args:
            window: N x 4, see `Conditioning`.
        """
        if self.prior is None:
            return standard_normal_log_density(residual)
        height, width = residual.shape[2:]
        if window is None:
            return self.prior.log_density(residual, (height, width))
        each = []
        for part, (top, left, down, across) in zip(residual, window.tolist(), strict=True):
            rows, first_row = _positions(top, down, height)
            columns, first_column = _positions(left, across, width)
            each.append(self.prior.log_density(part[None], (rows, columns), (first_row, first_column)))
        return torch.cat(each)


def _positions(start: float, extent: float, count: int) -> tuple[int, int]:
    """Number of latent positions of a frame along one axis, and the first one of a part.

    Args:
        start: of the part, as a fraction of the frame, padding not included.
        extent: of the part, likewise.
        count: of the part's latent positions.
    """
    exact = count / extent  # the frame's pixels / 8
    total = max(count, math.ceil(exact - _ROUNDING))
    return total, max(0, min(round(start * exact), total - count))


def _full_size(scale: Tensor) -> Tensor:
    return functional.interpolate(scale, scale_factor=2.0)


def _scale_log_determinant(scale: Tensor) -> Tensor:
    """Log-determinant of a multiplication by ``scale``, which has one value for 2 x 2 pixels: N, in nats."""
    return 4.0 * scale.log().flatten(1).sum(1)


def standard_normal_log_density(z: Tensor) -> Tensor:
    """Log-density of N(0, I) at each of N points: N x ... to N, in nats."""
    return (-0.5 * (z * z + math.log(2 * math.pi))).flatten(1).sum(1)


def pad_to_multiple(image: Tensor, multiple: int = Size.MULTIPLE) -> Tensor:
    """Pad the bottom and right to multiples, by reflection or, for very small images, replication."""
    height, width = image.shape[2:]
    down, right = -height % multiple, -width % multiple
    if not (down or right):
        return image
    mode = "reflect" if down < height and right < width else "replicate"
    return functional.pad(image, (0, right, 0, down), mode=mode)


def _thumbnails(image: Tensor) -> Tensor:
    return torch.from_numpy(np.stack([thumbnail(photo) for photo in _arrays(image)])).to(image)


def _arrays(image: Tensor) -> np.ndarray:
    """N x H x W x 3, float32."""
    return image.detach().permute(0, 2, 3, 1).float().cpu().numpy()
