"""The latent's prior: a component for the whole frame, components for its regions, and one for detail.

The latent of a photo of h x w positions is ``z = g + m + U (c_00 + sum_ik c_ik phi_i(y) phi_k(x)) + e``:

* m is the mean offset of the latents of references, the same at every position: ``g``, which is trained so
  that its rendering is close to the reference, is not the mean of the references' latents;
* U contains a few orthonormal directions of the 192 channels, in which whole renderings differ;
* phi are the cosines of the discrete cosine transform over the whole frame, ``phi_0 = 1`` and
  ``phi_i(y) = sqrt(2) cos(pi i (y + 1/2) / h)``, of low order only; order (0, 0) is constant over the
  frame, the others vary smoothly over regions. ``c_ik ~ N(0, v)``, with one variance per direction and band;
* e is independent noise at every position, with one scale for each direction and one for all others.

So ``z ~ N(g + m, C)`` with ``C = S + (U x Phi) V (U x Phi)^T``, whose density is exact: the directions are
orthonormal, so each needs one small matrix over the orders (the matrix determinant lemma and Woodbury's
identity). The same holds for part of a frame, with the cosines restricted to that part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .basis import BANDS, DIRECTIONS, LATENT_CHANNELS, ORDERS, cosines

__all__ = ["LatentPrior", "with_complete_prior"]


class LatentPrior(nn.Module):
    """``N(g + m, C)`` over latents of any size; initialized as ``N(g, I)``.

    Attributes:
        mean: 192, the offset ``m``.
        directions: 192 x `DIRECTIONS`, orthonormal columns.
        spread: `DIRECTIONS` x (1 + `BANDS`), standard deviation contributed by the frame (first) and by each
            band, in each direction.
        detail: `DIRECTIONS` + 1, standard deviation of the noise of single positions in each direction, and
            in all others.
        response: 2, scales of random looks of the frame, and of regions, with which renderings differ from
            the best guess as much as references do. It is not part of the distribution: random components
            are independent of the photo's content and change renderings more than the references' own.
    """

    mean: Tensor
    directions: Tensor
    spread: Tensor
    detail: Tensor
    response: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(LATENT_CHANNELS))
        self.register_buffer("directions", torch.eye(LATENT_CHANNELS, DIRECTIONS))
        self.register_buffer("spread", torch.zeros(DIRECTIONS, 1 + BANDS))
        self.register_buffer("detail", torch.ones(DIRECTIONS + 1))
        self.register_buffer("response", torch.ones(2))

    def order_deviations(self) -> Tensor:
        """Standard deviation of every coefficient ``c``: `DIRECTIONS` x len(`ORDERS`).

        The variance of a band is divided equally among its orders.
        """
        bands = torch.tensor([round(math.hypot(*order)) for order in ORDERS], device=self.spread.device)
        counts = torch.bincount(bands, minlength=1 + BANDS).to(self.spread)
        return (self.spread / counts.sqrt())[:, bands]

    def look_deviations(self) -> Tensor:
        """`order_deviations`, scaled by the response: those of the looks of renderings."""
        of_orders = self.response[[min(sum(order), 1) for order in ORDERS]]
        return self.order_deviations() * of_orders

    def log_density(self, residual: Tensor, frame: tuple[int, int], at: tuple[int, int] = (0, 0)) -> Tensor:
        """Log-density of latents minus ``g``, N, in nats.

        Args:
            residual: N x 192 x h x w.
            frame: positions of the whole frame, down and across.
            at: first position of ``residual`` in the frame.
        """
        height, width = residual.shape[2:]
        basis = self._basis(frame, at, (height, width), residual)
        flat = residual.flatten(2) - self.mean.to(residual)[:, None]
        along = torch.einsum("ncp,cd->ndp", flat, self.directions.to(residual))
        detail, deviations = self.detail.to(residual), self.order_deviations().to(residual)
        others = flat.square().sum((1, 2)) - along.square().sum((1, 2))
        positions = height * width
        total = _white(others, detail[-1], (LATENT_CHANNELS - DIRECTIONS) * positions)
        gram = basis @ basis.T
        projected = along @ basis.T  # N x directions x orders
        for number in range(DIRECTIONS):
            noise, scale = detail[number], deviations[number]
            inner = torch.eye(len(ORDERS)).to(gram) + scale[:, None] * gram * scale / noise**2
            factor = torch.linalg.cholesky(inner)
            seen = torch.linalg.solve_triangular(factor, (projected[:, number] * scale).T, upper=False)
            energy = along[:, number].square().sum(1) - seen.square().sum(0) / noise**2
            total = total + _white(energy, noise, positions) - factor.diagonal().log().sum()
        return total

    def sample(
        self, frame: tuple[int, int], samples: int = 1, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw latents minus ``g`` for a whole frame: samples x 192 x h x w."""
        looks = self.sample_looks(frame, samples, generator)
        noise = torch.randn((samples, LATENT_CHANNELS, frame[0] * frame[1]), generator=generator).to(looks)
        return looks + self.scaled_noise(noise).view(looks.shape)

    def sample_looks(
        self, frame: tuple[int, int], samples: int = 1, generator: torch.Generator | None = None
    ) -> Tensor:
        """Like `sample`, without the noise of single positions: samples x 192 x h x w."""
        normal = torch.randn((samples, DIRECTIONS, len(ORDERS)), generator=generator).to(self.spread)
        return self.looks(normal * self.order_deviations(), frame)

    def looks(self, coefficients: Tensor, frame: tuple[int, int]) -> Tensor:
        """Latents minus ``g`` without noise: N x 192 x h x w.

        Args:
            coefficients: N x `DIRECTIONS` x len(`ORDERS`).
        """
        smooth = coefficients @ self._basis(frame, (0, 0), frame, self.spread)
        latents = self.mean[:, None] + self.directions @ smooth
        return latents.view(len(coefficients), LATENT_CHANNELS, *frame)

    def scaled_noise(self, noise: Tensor) -> Tensor:
        """Scale independent N(0, 1) noise, ... x 192 x positions, to the covariance of the prior's detail."""
        along = self.directions.T @ noise
        return self.detail[-1] * noise + self.directions @ (
            (self.detail[:-1] - self.detail[-1])[:, None] * along
        )

    def _basis(
        self, frame: tuple[int, int], at: tuple[int, int], shape: tuple[int, int], like: Tensor
    ) -> Tensor:
        """The cosines at positions of a frame: orders x positions. Orders too high for the frame are 0."""
        down = torch.from_numpy(cosines(frame[0], at[0], shape[0])).to(like)
        across = torch.from_numpy(cosines(frame[1], at[1], shape[1])).to(like)
        rows, columns = (torch.tensor([order[axis] for order in ORDERS]) for axis in (0, 1))
        return (down[rows][:, :, None] * across[columns][:, None, :]).flatten(1)


def with_complete_prior(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Add what the prior lacks in the tensors of earlier versions: a mean of zero and responses of one."""
    completed = dict(state)
    if "prior.spread" in completed:
        initial = LatentPrior().state_dict()
        for name in ("mean", "response"):
            completed.setdefault(f"prior.{name}", initial[name])
    return completed


def _white(energy: Tensor, scale: Tensor, count: int) -> Tensor:
    """Log-density of ``count`` independent N(0, scale^2) values with this sum of squares."""
    return -0.5 * (energy / scale**2 + count * (math.log(2 * math.pi) + 2 * scale.log()))
