"""What the controls ask for: options and a latent, for each photo its own, with steps back and forth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from llflow_photo.engine import with_brightness
from llflow_photo.engine.latent import AnyLatent, Latent
from llflow_photo.options import Options

from .history import State
from .settings import CONTROLLED, Settings, is_noise
from .steps import Steps

__all__ = ["Wanted"]


class Wanted:
    """Settings, a rendering that may have been picked, and their history.

    Args:
        settings: the controls.
        kept: gives the settings with which a photo begins; None where it begins with what the controls say.

    Attributes:
        steps: the histories of photos.
        on_change: called when something else is to be rendered.
    """

    def __init__(self, settings: Settings, kept: Callable[[Any], Options | None]) -> None:
        self._settings, self._kept = settings, kept
        self._picked: AnyLatent | None = None
        self.steps = Steps(self._state, self._restored, self._first_state)
        self.on_change: Callable[[], None] = lambda: None
        settings.on_change = self._setting_changed

    @property
    def picked(self) -> AnyLatent | None:
        """A rendering that was picked and that the controls cannot say."""
        return self._picked

    def options(self) -> Options:
        """What the controls say."""
        return self._settings.options()

    def latent(self) -> AnyLatent:
        """The rendering that is shown: one that was picked, or what the noise controls say."""
        options = self.options()
        if self._picked is not None:
            return with_brightness(self._picked, options.brightness)
        return Latent(options.seed, options.temperature, options.grain, options.brightness)

    def choose(self, latent: AnyLatent) -> None:
        """Show another rendering; the controls follow it where they can."""
        self._picked = None if isinstance(latent, Latent) else latent
        self._settings.show_latent(latent)
        self._changed()

    def use(self, options: Options) -> None:
        """Take all settings of a preset."""
        self._picked = None
        self._settings.show_values(_state_of(options).values)
        self._changed()

    def give(self, layer: Any, options: Options) -> None:
        """Give a photo, which may not be the present one, these settings: a step of its history."""
        self.steps.change(layer, _state_of(options))

    def turn_to(self, layer: Any) -> None:
        """Another photo is the present one: the controls say what they said last for it."""
        settled = self.steps.turn_to(layer)
        if settled is not None:
            self._show(settled)

    def _state(self) -> State:
        return State(self._settings.values(), self._picked)

    def _first_state(self, layer: Any) -> State | None:
        options = self._kept(layer)
        return None if options is None else _state_of(options)

    def _show(self, state: State) -> None:
        self._picked = state.picked
        self._settings.show_values(state.values)

    def _setting_changed(self, name: str) -> None:
        if is_noise(name):
            self._picked = None
        self._changed()

    def _changed(self) -> None:
        self.steps.moved()
        self.on_change()

    def _restored(self, state: State) -> None:
        """A step back or forth."""
        self._show(state)
        self.on_change()


def _state_of(options: Options) -> State:
    """What the controls say for some options."""
    return State({name: value for name, value in asdict(options).items() if name in CONTROLLED})
