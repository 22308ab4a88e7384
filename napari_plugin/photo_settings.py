"""The options and the latent of each photo, as set by the controls, with undo and redo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from llflow_photo.engine import with_brightness
from llflow_photo.engine.latent import AnyLatent, Latent
from llflow_photo.options import Options

from .history import State
from .settings import CONTROLLED, Settings, is_latent_option
from .steps import Steps

__all__ = ["PhotoSettings"]


class PhotoSettings:
    """The current settings, an optionally picked latent, and their history for each photo.

    Args:
        settings: the controls.
        kept: returns the stored settings of a photo. If there are none, it starts with those of the controls,
            but with the brightness that the user set, if that of a picked latent replaced it.

    Attributes:
        steps: the histories of all photos.
        on_change: called when the rendering has to be updated.
    """

    def __init__(self, settings: Settings, kept: Callable[[Any], Options | None]) -> None:
        self._settings, self._kept = settings, kept
        self._picked: AnyLatent | None = None
        self._replaced: Mapping[str, Any] = {}
        self.steps = Steps(self._state, self._restored, self._first_state)
        self.on_change: Callable[[], None] = lambda: None
        settings.on_change = self._setting_changed

    @property
    def picked(self) -> AnyLatent | None:
        """A picked latent that the controls cannot express, or None."""
        return self._picked

    def options(self) -> Options:
        """The options as set by the controls."""
        return self._settings.options()

    def latent(self) -> AnyLatent:
        """The current latent: the picked one, or that of the controls."""
        options = self.options()
        if self._picked is not None:
            return with_brightness(self._picked, options.brightness)
        return Latent(options.seed, options.temperature, options.grain, options.brightness)

    def choose(self, latent: AnyLatent) -> None:
        """Set another latent; the controls are updated as far as they can express it."""
        own = self._replaced.get("brightness", self.options().brightness)
        self._picked = None if isinstance(latent, Latent) else latent
        self._settings.show_latent(latent)
        self._replaced = {} if self.options().brightness == own else {"brightness": own}
        self._changed()

    def use(self, options: Options) -> None:
        """Apply all settings of a preset."""
        self._show(_state_of(options))
        self._changed()

    def give(self, layer: Any, options: Options) -> None:
        """Set the settings of any photo, as a step of its history."""
        self.steps.change(layer, _state_of(options))

    def is_blended(self, layer: Any) -> bool:
        """Whether a blend of renderings was picked for a photo; no options can express it."""
        state = self.steps.state_of(layer)
        return state is not None and state.picked is not None

    def turn_to(self, layer: Any) -> None:
        """Make another photo the current one, and restore its settings; the device stays as it is."""
        device = self._settings.values()["device"]
        settled = self.steps.turn_to(layer)
        if settled is not None:
            self._show(replace(settled, values={**settled.values, "device": device}))

    def _state(self) -> State:
        return State(self._settings.values(), self._picked, self._replaced)

    def _first_state(self, layer: Any) -> State:
        options = self._kept(layer)
        return State({**self._settings.values(), **self._replaced}) if options is None else _state_of(options)

    def _show(self, state: State) -> None:
        self._picked, self._replaced = state.picked, state.replaced
        self._settings.show_values(state.values)

    def _setting_changed(self, name: str) -> None:
        if is_latent_option(name):
            self._picked = None
        if name == "brightness":
            self._replaced = {}
        self._changed()

    def _changed(self) -> None:
        self.steps.moved()
        self.on_change()

    def _restored(self, state: State) -> None:
        """Show a state restored by undo or redo."""
        self._show(state)
        self.on_change()


def _state_of(options: Options) -> State:
    """The state of the controls for some options."""
    return State({name: value for name, value in asdict(options).items() if name in CONTROLLED})
