"""The whole photo, rendered at its own size as it was liked in the preview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..callbacks import Cancel, Progress
from ..color.working import to_network
from ..finish import finished, of_stage, without_specks
from ..options import Options
from ..photo import Photo
from .statistics import Spread

if TYPE_CHECKING:
    from ..engine import Enhancer
    from ..engine.latent import AnyLatent

__all__ = ["render_full_size"]


def render_full_size(
    photo: Photo,
    latents: Sequence[AnyLatent],
    options: Options,
    enhancer: Enhancer,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Photo:
    """Render a photo with one latent, or as the mean of the renderings of several.

    Args:
        latents: at least one; blends and neighbours as well as plain ones.
        options: strength, exposure, highlights; what it says of noise is not looked at.
        progress: called with steps done and steps in all.
        cancel: asked between tiles.

    Returns:
        the photo in its own color space.

    Raises:
        CancelledError: ``cancel`` said so.
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    if options.remove_specks:
        photo = without_specks(photo)
    view, residual = to_network(photo)
    stages = 1 + len(latents)
    encoded = enhancer.encode(view, progress=of_stage(progress, 0, stages), cancel=cancel)
    if len(latents) == 1:
        rendering = encoded.decode(latents[0], progress=of_stage(progress, 1, stages), cancel=cancel)
    else:
        rendering = _mean(encoded.decode, latents, progress, cancel)
    return finished(rendering, residual, options)


def _mean(
    decode: Callable[..., np.ndarray],
    latents: Sequence[AnyLatent],
    progress: Progress | None,
    cancel: Cancel | None,
) -> np.ndarray:
    spread = Spread()
    for number, latent in enumerate(latents):
        tell = of_stage(progress, 1 + number, 1 + len(latents))
        spread.add(decode(latent, progress=tell, cancel=cancel))
    return spread.mean
