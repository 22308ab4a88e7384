"""What is decided once for a whole photo before any part of it goes through the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .exposure import exposed, exposure_gain_ev, sampled
from .inputs import equalization_table

__all__ = ["PhotoStatistics", "as_seen"]


@dataclass(frozen=True)
class PhotoStatistics:
    """Whole-photo statistics that every part of the photo is prepared with.

    Attributes:
        equalization: 3 x 256, `inputs.equalization_table` of the photo as the network sees it.
        gain_ev: stops by which the network sees the photo brighter than it is.
    """

    equalization: np.ndarray
    gain_ev: float = 0.0

    @classmethod
    def of(cls, view: np.ndarray, exposure_rule: Sequence[float] = ()) -> PhotoStatistics:
        """Of a whole photo, H x W x 3, sRGB-encoded, float in [0, 1] or uint8.

        Without an exposure rule (see `flow.exposure`) from all pixels; with one, from a sample of them.
        """
        if not exposure_rule:
            return cls(equalization_table(view))
        return cls.at(view, exposure_gain_ev(view, exposure_rule))

    @classmethod
    def at(cls, view: np.ndarray, gain_ev: float) -> PhotoStatistics:
        """Of a photo that the network shall see ``gain_ev`` stops brighter, from a sample of its pixels."""
        sample = torch.from_numpy(sampled(view))
        return cls(equalization_table(exposed(sample, gain_ev).numpy()), gain_ev)


def as_seen(photo: np.ndarray, exposure_rule: Sequence[float]) -> tuple[np.ndarray, PhotoStatistics]:
    """A whole dark photo as a network with this rule sees it (see `flow.exposure`), and its statistics.

    Args:
        photo: H x W x 3, sRGB-encoded, float in [0, 1] or uint8.

    Returns:
        the photo in its type, and what was decided for it.
    """
    statistics = PhotoStatistics.of(photo, exposure_rule)
    if statistics.gain_ev == 0.0:
        return photo, statistics
    eight_bits = photo.dtype == np.uint8
    scale = 255.0 if eight_bits else 1.0
    seen = exposed(torch.from_numpy(photo.astype(np.float32) / np.float32(scale)), statistics.gain_ev).numpy()
    return (np.rint(seen * 255.0).astype(np.uint8) if eight_bits else seen), statistics
