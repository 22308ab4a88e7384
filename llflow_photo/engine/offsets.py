"""From a latent's description to its offset from the mean, for any block of a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..flow.basis import ORDERS, cosines
from ..flow.prior import LatentPrior
from .gain_path import GainPath
from .latent import AnyLatent

__all__ = ["LatentOffsets"]


@dataclass(frozen=True)
class LatentOffsets:
    """Turns latents into offsets under a model's prior.

    Attributes:
        prior: of the model; None stands for independent noise, N(g, I).
        gain_path: gives the model's way to brighter renderings, which is measured when first asked for.
    """

    prior: LatentPrior | None
    gain_path: Callable[[], GainPath]

    def block(
        self, latent: AnyLatent, rows: slice, cols: slice, height8: int, width8: int
    ) -> tuple[np.ndarray | None, bool]:
        """A latent's offset from the mean for part of a frame.

        Args:
            rows: rows of the frame's latent grid.
            cols: columns of it.
            height8: rows of the whole grid.
            width8: columns of it.

        Returns:
            192 x rows x cols, float32, or None where it is zero; and whether it is more than noise.
        """
        offset = latent.noise_block(rows, cols, grain=self.prior is not None)
        smooth = None
        if self.prior is not None:
            offset = None if offset is None else self._scaled(offset)
            look = latent.look()
            smooth = None if look is None else self._smooth(look, rows, cols, height8, width8)
        if latent.brightness:
            gains = np.zeros((2, rows.stop - rows.start, cols.stop - cols.start), np.float32)
            gains[0] = latent.brightness
            shift = self.gain_path().shift(gains, rows, cols, height8, width8)
            smooth = shift if smooth is None else smooth + shift
        if offset is None or smooth is None:
            return (smooth if offset is None else offset), smooth is not None
        offset += smooth
        return offset, True

    def _smooth(self, look: np.ndarray, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray:
        """The look's share: 192 x rows x cols, float32, in memory the channels last."""
        assert self.prior is not None
        weighted = look * self.prior.order_deviations().double().numpy()
        table = np.zeros((len(look), *(1 + max(order[axis] for order in ORDERS) for axis in (0, 1))))
        for number, (i, k) in enumerate(ORDERS):
            table[:, i, k] = weighted[:, number]
        down = cosines(height8, rows.start, rows.stop - rows.start)
        across = cosines(width8, cols.start, cols.stop - cols.start)
        fields = np.einsum("iy,dik,kx->yxd", down, table, across, optimize=True).astype(np.float32)
        return np.asarray(fields @ self.prior.directions.float().numpy().T).transpose(2, 0, 1)

    def _scaled(self, noise: np.ndarray) -> np.ndarray:
        """Unit noise, 192 x rows x cols, as the prior's detail; overwritten."""
        assert self.prior is not None
        directions, detail = self.prior.directions.float().numpy(), self.prior.detail.float().numpy()
        flat = noise.transpose(1, 2, 0)  # in memory the channels come last
        along = flat @ directions
        flat *= detail[-1]
        flat += (along * (detail[:-1] - detail[-1])) @ directions.T
        return noise
