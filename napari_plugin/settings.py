"""The controls for the rendering options, generated from `Options`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from llflow_photo.engine.latent import AnyLatent, Latent
from llflow_photo.options import LOOKS, Options

from .controls import Choice, Slider, Switch, WholeNumber, button

__all__ = ["CONTROLLED", "MACHINE", "PICTURE", "VARIATION", "Settings", "help_of", "is_latent_option", "rows"]

_SEEDS = 2**31 - 1


@dataclass(frozen=True)
class _Slider:
    """Label, range and step of an option's slider."""

    label: str
    low: float
    high: float
    step: float


_SLIDERS = {
    "strength": _Slider("Strength", 0.0, 1.0, 0.01),
    "exposure_ev": _Slider("Exposure (EV)", -3.0, 3.0, 0.05),
    "brightness": _Slider("Brightness (EV)", -2.0, 1.0, 0.05),
    "texture": _Slider("Texture", 0.0, 1.0, 0.05),
    "local_exposure": _Slider("Local exposure", 0.0, 1.0, 0.05),
    "color_smoothing": _Slider("Color smoothing", 0.0, 1.0, 0.05),
    "temperature": _Slider("Temperature", 0.0, 1.5, 0.05),
    "grain": _Slider("Grain", 0.0, 1.0, 0.05),
}
_SWITCHES = {
    "protect_highlights": "Keep lamps",
    "denoise_only": "Denoise only",
    "remove_specks": "Remove specks",
}
PICTURE = ("strength", "exposure_ev", "brightness", "texture", "local_exposure", "color_smoothing")
"""The main controls."""
VARIATION = ("temperature", "grain")
"""Options that, with the seed, select one of the plausible renderings."""
MACHINE = ("model", "device")
"""Options of the computation."""
_LATENT_OPTIONS = frozenset({*VARIATION, "seed"})
CONTROLLED = frozenset({*MACHINE, *_SLIDERS, *_SWITCHES, "look", "seed"})
"""Options that have a control."""
_DRAWN_TEMPERATURE = 0.8
"""Set with a new random seed at temperature 0, where all seeds give the same rendering."""
_NO_EFFECT = "No effect at temperature 0, where there is only one rendering. "


def help_of(option: str) -> str:
    """The description of an option in the docstring of `Options`, as one paragraph."""
    text = inspect.getdoc(Options) or ""
    match = re.search(rf"^    {option}: (.+?)(?=^    \w+: |\Z)", text, re.MULTILINE | re.DOTALL)
    words = " ".join((match[1] if match else option).replace("``", "").split())
    return words[:1].upper() + words[1:]


class Settings:
    """All controls; the panel lays them out.

    Args:
        models: names of the available models.
        devices: names of the available devices.

    Attributes:
        on_change: called with the option's name when the user changes its control.
        seed_row: the seed, and the button for a random one.
        look_row: the look and the check box for speck removal, in one row.
        switches: the other check boxes, in one row.
    """

    def __init__(self, models: list[str], devices: list[str]) -> None:
        defaults = Options()
        self.on_change: Callable[[str], None] = lambda name: None
        self._quiet = False
        self._controls: dict[str, Any] = {"model": Choice(models), "device": Choice(devices)}
        self._controls["look"] = Choice(LOOKS)
        self._controls["look"].value = defaults.look
        if defaults.model in models:
            self._controls["model"].value = defaults.model
        for name, shown in _SLIDERS.items():
            value = min(max(getattr(defaults, name), shown.low), shown.high)
            self._controls[name] = Slider(shown.label, shown.low, shown.high, shown.step, value)
        self._controls["seed"] = WholeNumber(0, _SEEDS, defaults.seed)
        for name, label in _SWITCHES.items():
            self._controls[name] = Switch(label, getattr(defaults, name))
        for name, control in self._controls.items():
            control.tooltip = help_of(name)
            control.changed.connect(lambda _value, name=name: self._changed(name))
        self.dice = button("Random", "Choose a random seed, for another rendering", self._draw_seed)
        self.seed_row = _row(self._controls["seed"], self.dice)
        self.look_row = _row(self._controls["look"], self._controls["remove_specks"])
        self.switches = _row(self._controls["protect_highlights"], self._controls["denoise_only"])
        self._update_enabled()

    def control(self, name: str) -> Any:
        """The control of one option."""
        return self._controls[name]

    def options(self, **changes: Any) -> Options:
        """The options as set by the controls.

        Args:
            changes: options that replace those of the controls.
        """
        return Options(**{**self.values(), **changes})

    def values(self) -> dict[str, Any]:
        """The value of every control, by the name of its option."""
        return {name: control.value for name, control in self._controls.items()}

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Set controls without calling `on_change`; values out of range are clipped."""
        self._quiet = True
        try:
            for name, value in values.items():
                control = self._controls[name]
                if isinstance(control, Choice) and value not in control.choices:
                    continue  # a model or device that is no longer available
                limited = isinstance(control, (Slider, WholeNumber))
                control.value = min(max(value, control.min), control.max) if limited else value
        finally:
            self._quiet = False
        self._update_enabled()

    def show_latent(self, latent: AnyLatent) -> None:
        """Set the controls to a picked latent, as far as they can express it, without calling `on_change`."""
        values: dict[str, Any] = {"brightness": latent.brightness}
        if isinstance(latent, Latent):
            values |= {"seed": latent.seed, "temperature": latent.temperature, "grain": latent.grain}
        self.show_values(values)

    def _draw_seed(self) -> None:
        if self._controls["temperature"].value == 0:
            self.show_values({"temperature": _DRAWN_TEMPERATURE})
        self._controls["seed"].value = int(np.random.default_rng().integers(0, 100_000))

    def _changed(self, name: str) -> None:
        self._update_enabled()
        if not self._quiet:
            self.on_change(name)

    def _update_enabled(self) -> None:
        """At temperature 0, disable the other controls of the latent, and say why in their tooltips."""
        works = self._controls["temperature"].value > 0
        for name in sorted(_LATENT_OPTIONS - {"temperature"}):
            control = self._controls[name]
            control.enabled = works
            control.tooltip = help_of(name) if works else _NO_EFFECT + help_of(name)


def rows(parts: Sequence[QWidget | tuple[str, QWidget]]) -> QWidget:
    """Controls in rows, with their labels in a column.

    Args:
        parts: sliders have their own labels; for others, a pair of label and widget.
    """
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setColumnStretch(1, 1)
    for row, part in enumerate(parts):
        caption, widget = part if isinstance(part, tuple) else (None, part)
        if isinstance(widget, Slider):
            grid.addWidget(widget.caption, row, 0)
        elif caption is not None:
            grid.addWidget(QLabel(caption), row, 0)
        grid.addWidget(widget, row, 1)
    return made


def _row(*widgets: QWidget) -> QWidget:
    made = QWidget()
    layout = QHBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    for number, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if number == 0 else 0)
    return made


def is_latent_option(option: str) -> bool:
    """Whether an option belongs to the latent and not to the finish."""
    return option in _LATENT_OPTIONS
