"""Conversion of a latent's description to its offset from the mean, for any part of a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..flow.basis import ORDERS, cosines
from ..flow.prior import LatentPrior
from .gain_path import GainPath
from .latent import AnyLatent
from .latent_window import LatentWindow

__all__ = ["LatentOffsets"]


@dataclass(frozen=True)
class LatentOffsets:
    """Converts latents to offsets under a model's prior.

    Attributes:
        prior: prior of the model; None is independent noise, N(g, I).
        gain_path: returns the model's `GainPath`, which is measured on first use.
    """

    prior: LatentPrior | None
    gain_path: Callable[[], GainPath]

    def has_noise(self, latent: AnyLatent) -> bool:
        """Whether a latent's offset contains noise; otherwise it varies slowly over the frame."""
        return latent.is_noisy(grain=self.prior is not None)

    def block(self, latent: AnyLatent, window: LatentWindow) -> tuple[np.ndarray | None, bool]:
        """Compute a latent's offset from the mean for part of a frame.

        Returns:
            192 x rows x cols, float32, or None if it is zero; and whether it consists of more than noise.
        """
        offset = latent.noise_block(window.rows, window.cols, grain=self.prior is not None)
        smooth = None
        if self.prior is not None:
            offset = None if offset is None else self._scaled(offset)
            look = latent.look()
            smooth = None if look is None else self._smooth(look, latent.mean_share, window)
        if latent.brightness:
            gains = np.zeros((2, *window.shape), np.float32)
            gains[0] = latent.brightness
            shift = self.gain_path().shift(gains, window)
            smooth = shift if smooth is None else smooth + shift
        if offset is None or smooth is None:
            return (smooth if offset is None else offset), smooth is not None
        offset += smooth
        return offset, True

    def _smooth(self, look: np.ndarray, mean_share: float, window: LatentWindow) -> np.ndarray:
        """The offset of a look and of the prior's mean: 192 x rows x cols, float32, channels last."""
        assert self.prior is not None
        weighted = look * self.prior.look_deviations().double().numpy()
        table = np.zeros((len(look), *(1 + max(order[axis] for order in ORDERS) for axis in (0, 1))))
        for number, (i, k) in enumerate(ORDERS):
            table[:, i, k] = weighted[:, number]
        (height, width), (grid_height, grid_width) = window.shape, window.grid
        down = cosines(grid_height, window.rows.start, height)
        across = cosines(grid_width, window.cols.start, width)
        fields = np.einsum("iy,dik,kx->yxd", down, table, across, optimize=True).astype(np.float32)
        offset = np.asarray(fields @ self.prior.directions.float().numpy().T)
        offset += np.float32(mean_share) * self.prior.mean.float().numpy()
        return offset.transpose(2, 0, 1)

    def _scaled(self, noise: np.ndarray) -> np.ndarray:
        """Scale unit noise, 192 x rows x cols, to the prior's detail, in place."""
        assert self.prior is not None
        directions, detail = self.prior.directions.float().numpy(), self.prior.detail.float().numpy()
        flat = noise.transpose(1, 2, 0)  # channels last, as in memory
        along = flat @ directions
        flat *= detail[-1]
        flat += (along * (detail[:-1] - detail[-1])) @ directions.T
        return noise
