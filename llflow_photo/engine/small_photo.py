"""The whole photo at a small size, on which the looks of its renderings are computed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ..color.light_samples import KnownLight
from .canvas import check_finite
from .color_change import ColorChange
from .known_light import ToneCorrection
from .latent import AnyLatent, Latent, with_brightness
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
    Brightness is changed on top of the look: a rendering with a look reacts to a shift along the gain path
    several times as strongly as the best guess, for which the path was measured.

    Args:
        small: h x w x 3, see `flow.thumbnail.small_version`.
        photo: output of `Runner.photo` for the whole photo.
        known: light that renderings are held to.
    """

    def __init__(
        self, runner: Runner, small: np.ndarray, photo: Any, known: KnownLight | None = None
    ) -> None:
        self._runner = runner
        self._view = View(small)
        self._photo = photo
        height, width = self._view.padded_height, self._view.padded_width
        (self._tile,) = plan_tiles(height, width, max(height, width), 0)
        self._conditioning: TileConditioning | None = None
        self._guess: Tensor | None = None
        self._brighter: tuple[float, ColorChange] | None = None
        self._known = known

    @cached_property
    def correction(self) -> ToneCorrection | None:
        """What holds the renderings to the known light."""
        if self._known is None:
            return None
        return ToneCorrection.of(self._known, self._runner, self._photo)

    def guess(self) -> Tensor:
        """The best guess, 3 x h x w, float32, in [0, 1], computed at the first call."""
        guess = self._guess
        if guess is None:
            guess = self._guess = self._rendering(Latent())
        return guess

    def change(self, latent: AnyLatent) -> ColorChange:
        """What ``latent``, without noise, changes relative to the best guess."""
        if not latent.brightness:
            return ColorChange.between(self.guess(), self._rendering(latent))
        brighter = self.change_of_brightness(latent.brightness)
        if latent.look() is None:
            return brighter
        look = self._rendering(with_brightness(latent, 0.0))
        return ColorChange.between(self.guess(), brighter.of_small(look))

    def change_of_brightness(self, brightness: float) -> ColorChange:
        """What ``brightness``, in EV, changes in the best guess; that of the latest call is kept."""
        latest = self._brighter  # of this thread, if others render, too
        if latest is None or latest[0] != brightness:
            change = ColorChange.between(self.guess(), self._rendering(Latent(brightness=brightness)))
            latest = self._brighter = brightness, change
        return latest[1]

    def _rendering(self, latent: AnyLatent) -> Tensor:
        """3 x h x w, float32, clipped to [0, 1], on the CPU."""
        conditioning = self._conditioning  # of this thread, if others render, too
        if conditioning is None:
            conditioning = self._conditioning = condition(self._runner, self._view, self._photo, self._tile)
        offset, far = offset_of(self._runner, self._view, latent, self._tile)
        image: Tensor = self._runner.render(conditioning, offset, far).result()[0]
        check_finite(image)
        image = image[:, : self._view.height, : self._view.width]
        return image.float().clamp(0.0, 1.0)
