"""The whole photo at full size, rendered as chosen in the preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..callbacks import Cancel, Progress
from ..finish import of_stage
from ..options import Options
from ..photo import Photo
from ..prepared import prepare
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
        latents: at least one, of any kind.
        options: settings of the finish (strength, exposure and so on); its seeds, temperature and grain are
            ignored in favor of ``latents``.
        progress: called with the number of steps done and of all.
        cancel: called before each tile; the run ends if it returns true.

    Returns:
        the photo in its own color space.

    Raises:
        CancelledError: ``cancel`` returned true.
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    prepared = prepare(photo, enhancer, options, cancel=cancel, renderings=len(latents))
    if len(latents) == 1:
        return prepared.render(latents[0], options, progress, cancel, last=True)
    spread = Spread()
    for number, latent in enumerate(latents):
        own = of_stage(progress, number, len(latents) + 1)
        spread.add(prepared.picture(latent, options, own, cancel))
    last = of_stage(progress, len(latents), len(latents) + 1)
    return prepared.complete(spread.mean, options, cancel, last)
