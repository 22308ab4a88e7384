"""The whole photo at a small size, on which the looks of its renderings are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from ..flow import PhotoStatistics
from .color_change import ColorChange
from .latent import AnyLatent, Latent
from .rendering import condition, offset_of
from .tiles import plan_tiles
from .view import View

if TYPE_CHECKING:
    from .inference import TileConditioning
    from .runner import Runner

__all__ = ["SmallPhoto"]


class SmallPhoto:
    """A small version of a photo that shows what a latent without noise changes in its rendering.

    Such a latent varies slowly over the frame: it changes light and color, which are the same at any size.

    Args:
        statistics: of the whole photo, with its small version.
    """

    def __init__(self, runner: Runner, statistics: PhotoStatistics) -> None:
        self._runner = runner
        self._view = View(statistics.small)
        self._photo = runner.photo(statistics)
        height, width = self._view.padded_height, self._view.padded_width
        (self._tile,) = plan_tiles(height, width, max(height, width), 0)
        self._conditioning: TileConditioning | None = None
        self._guess: Tensor | None = None

    def change(self, latent: AnyLatent) -> ColorChange:
        """What ``latent``, without noise, changes relative to the best guess."""
        if self._guess is None:
            self._guess = self._rendering(Latent())
        return ColorChange.between(self._guess, self._rendering(latent))

    def _rendering(self, latent: AnyLatent) -> Tensor:
        """3 x h x w, float32, clipped to [0, 1], on the CPU."""
        if self._conditioning is None:
            self._conditioning = condition(self._runner, self._view, self._photo, self._tile)
        offset, far = offset_of(self._runner, self._view, latent, self._tile)
        image: Tensor = self._runner.render(self._conditioning, offset, far).result()[0]
        image = image[:, : self._view.height, : self._view.width]
        return image.float().clamp(0.0, 1.0)
