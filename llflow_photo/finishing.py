"""What every rendering goes through last, alike for files, previews and full size, and progress of stages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .color.working import Surround, from_network
from .options import Options
from .photo import Photo

__all__ = ["Progress", "finished", "of_stage"]

Progress = Callable[[int, int], None]
_STEPS = 1000


def finished(rendering: np.ndarray, surround: Surround, options: Options) -> Photo:
    """A rendering brought back into its photo's color space, as strong and as bright as asked.

    Args:
        rendering: H x W x 3, float32, sRGB-encoded.
        surround: what the network did not see of the photo.
    """
    return from_network(
        rendering,
        surround,
        strength=options.strength,
        exposure_ev=options.exposure_ev,
        protect_highlights=options.protect_highlights,
        denoise_only=options.denoise_only,
    )


def of_stage(progress: Progress | None, stage: int, stages: int) -> Progress | None:
    """Progress of one stage told as progress of all, in thousandths of a stage."""
    if progress is None:
        return None
    return lambda done, total: progress(stage * _STEPS + _STEPS * done // max(total, 1), stages * _STEPS)
