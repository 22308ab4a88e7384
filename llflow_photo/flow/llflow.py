"""LLFlow, the conditional normalizing flow of Wang et al. 2022 (arXiv:2109.05923).

`encode` runs everything that depends on the dark photo alone; `decode` and `log_prob` then run any number of
latents or references under that conditioning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .encoder import ConditionalEncoder
from .inputs import equalization_table, equalize, network_input
from .sizes import COMPACT, Size
from .steps import Flow, LevelConditions, squeeze

__all__ = ["Conditioning", "LLFlow"]


@dataclass(frozen=True)
class Conditioning:
    """Everything the flow needs of a dark photo of H x W pixels.

    H' and W' are H and W rounded up to multiples of 8.

    Attributes:
        color_map: g(x), N x 3 x H' x W' in (0, 1).
        levels: the conditions of levels 1, 2, 3, N x C x H'/2^level x W'/2^level.
        couplings: what each conditional step of each level needs, precomputed.
        height: H of the photo.
        width: W of the photo.
    """

    color_map: Tensor
    levels: tuple[Tensor, ...]
    couplings: tuple[LevelConditions, ...]
    height: int
    width: int

    @property
    def mean(self) -> Tensor:
        """Mean of the latent: g(x) squeezed to N x 192 x H'/8 x W'/8."""
        return squeeze(self.color_map)


class LLFlow(nn.Module):
    """A distribution over well-exposed renderings of a dark photo.

    Images are N x 3 x H x W, sRGB-encoded, in [0, 1], of any height and width; latents are
    N x 192 x H'/8 x W'/8, where H' and W' are H and W rounded up to multiples of 8. Decoded images are not
    clipped.
    """

    def __init__(self, size: Size = COMPACT) -> None:
        super().__init__()
        self.size = size
        self.encoder = ConditionalEncoder(size)
        self.flow = Flow(size)

    @classmethod
    def from_released(cls, state: Mapping[str, Tensor]) -> LLFlow:
        """Build from tensors under the released checkpoints' names; the size is read off their shapes.

        Raises:
            CheckpointError: tensors are missing, unknown or of shapes that do not fit together.
        """
        from .released import rename_released, size_of_released

        model = cls(size_of_released(state))
        model.load_state_dict(rename_released(state))
        return model.eval()

    def encode(self, image: Tensor, equalization: Tensor | None = None) -> Conditioning:
        """Run all that depends on the dark photo alone.

        Args:
            image: N x 3 x H x W in [0, 1].
            equalization: N x 3 x 256, the whole photo's `equalization_table`, needed where ``image`` is only
                part of the photo; by default computed from ``image``.
        """
        if equalization is None:
            equalization = _tables(image)
        height, width = image.shape[2:]
        image = pad_to_multiple(image)
        encoded = self.encoder(network_input(image, equalize(image, equalization)))
        couplings = self.flow.condition(encoded.conditions)
        return Conditioning(encoded.color_map, encoded.conditions, couplings, height, width)

    def decode(self, conditioning: Conditioning, latent: Tensor | None = None) -> Tensor:
        """Latent to image: M x 192 x H'/8 x W'/8 (default: the mean) to M x 3 x H x W.

        M latents may be decoded under the conditioning of one photo (N = 1).
        """
        image, _ = self.decode_with_log_determinant(conditioning, latent)
        return image[:, :, : conditioning.height, : conditioning.width]

    def decode_with_log_determinant(
        self, conditioning: Conditioning, latent: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`decode` without cropping, M x 3 x H' x W', and log|det| of d image / d latent, M, in nats."""
        if latent is None:
            latent = conditioning.mean
        return self.flow.inverse(latent, conditioning.couplings)

    def sample_latent(
        self,
        conditioning: Conditioning,
        temperature: float,
        samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """``z = g + temperature * eps``: samples x 192 x H'/8 x W'/8, for one photo (N = 1)."""
        mean = conditioning.mean
        noise = torch.randn(
            (samples, *mean.shape[1:]), generator=generator, dtype=mean.dtype, device=mean.device
        )
        return mean + temperature * noise

    def latent_of(self, reference: Tensor, conditioning: Conditioning) -> tuple[Tensor, Tensor]:
        """Image to latent: N x 192 x H'/8 x W'/8, and the log-determinant, N, in nats."""
        latent, log_determinant = self.flow(pad_to_multiple(reference), conditioning.couplings)
        return latent, log_determinant

    def log_prob(self, reference: Tensor, conditioning: Conditioning, mean: Tensor | None = None) -> Tensor:
        """Log-density of a rendering given the photo, N, in nats, over the H' x W' padded image.

        Args:
            reference: N x 3 x H x W in [0, 1].
            mean: the latent's mean, by default the conditioning's; the random selector of the paper's
                section 3.3 gives that of the reference instead, ``squeeze(reference_color_map(reference))``.
        """
        latent, log_determinant = self.latent_of(reference, conditioning)
        mean = conditioning.mean if mean is None else mean
        return standard_normal_log_density(latent - mean) + log_determinant


def standard_normal_log_density(z: Tensor) -> Tensor:
    """Log-density of N(0, I) at each of N points: N x ... to N, in nats."""
    return (-0.5 * (z * z + math.log(2 * math.pi))).flatten(1).sum(1)


def pad_to_multiple(image: Tensor, multiple: int = Size.MULTIPLE) -> Tensor:
    """Extend at the bottom and right to multiples, by reflection where there is enough to reflect."""
    height, width = image.shape[2:]
    down, right = -height % multiple, -width % multiple
    if not (down or right):
        return image
    mode = "reflect" if down < height and right < width else "replicate"
    return functional.pad(image, (0, right, 0, down), mode=mode)


def _tables(image: Tensor) -> Tensor:
    pixels = image.detach().permute(0, 2, 3, 1).float().cpu().numpy()
    return torch.from_numpy(np.stack([equalization_table(photo) for photo in pixels])).to(image)
