"""The controls of the options a rendering has, made from the same options as everywhere else."""

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

__all__ = ["CONTROLLED", "MACHINE", "PICTURE", "VARIATION", "Settings", "help_of", "is_noise", "rows"]

_SEEDS = 2**31 - 1


@dataclass(frozen=True)
class _Slider:
    """How an option is shown: label, range and step."""

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
"""What photographers reach for first."""
VARIATION = ("temperature", "grain")
"""Which of the plausible renderings it is, beside the seed."""
MACHINE = ("model", "device")
"""With what it is rendered."""
_NOISE = frozenset({*VARIATION, "seed"})
CONTROLLED = frozenset({*MACHINE, *_SLIDERS, *_SWITCHES, "look", "seed"})
"""Options that have a control."""
_DRAWN_TEMPERATURE = 0.8
"""Of a seed thrown at temperature 0, where every seed looks the same."""
_NO_EFFECT = "No effect at temperature 0, where there is one rendering only. "


def help_of(option: str) -> str:
    """What `Options` says of one of its fields, as one paragraph."""
    text = inspect.getdoc(Options) or ""
    match = re.search(rf"^    {option}: (.+?)(?=^    \w+: |\Z)", text, re.MULTILINE | re.DOTALL)
    words = " ".join((match[1] if match else option).replace("``", "").split())
    return words[:1].upper() + words[1:]


class Settings:
    """Every control, to be laid out in groups by whoever makes the panel.

    Args:
        models: names to choose from.
        devices: the same for devices.

    Attributes:
        on_change: called with the option's name when the user changes one.
        seed_row: the seed and its dice.
        look_row: the look and the check box of specks, in one row.
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
        self.dice = button("Dice", "Another seed, another rendering", self._throw)
        self.seed_row = _row(self._controls["seed"], self.dice)
        self.look_row = _row(self._controls["look"], self._controls["remove_specks"])
        self.switches = _row(self._controls["protect_highlights"], self._controls["denoise_only"])
        self._tell_what_works()

    def control(self, name: str) -> Any:
        """The control of one option."""
        return self._controls[name]

    def options(self, **changes: Any) -> Options:
        """What the controls say.

        Args:
            changes: options to take instead of the controls'.
        """
        return Options(**{**self.values(), **changes})

    def values(self) -> dict[str, Any]:
        """The value of every control, by the name of its option."""
        return {name: control.value for name, control in self._controls.items()}

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Move controls without telling anyone; values beyond a control's range are its end."""
        self._quiet = True
        try:
            for name, value in values.items():
                control = self._controls[name]
                if isinstance(control, Choice) and value not in control.choices:
                    continue  # a model or a device that is not there any more
                limited = isinstance(control, (Slider, WholeNumber))
                control.value = min(max(value, control.min), control.max) if limited else value
        finally:
            self._quiet = False
        self._tell_what_works()

    def show_latent(self, latent: AnyLatent) -> None:
        """Move controls to a rendering that was picked, as far as they can say it, without telling anyone."""
        values: dict[str, Any] = {"brightness": latent.brightness}
        if isinstance(latent, Latent):
            values |= {"seed": latent.seed, "temperature": latent.temperature, "grain": latent.grain}
        self.show_values(values)

    def _throw(self) -> None:
        if self._controls["temperature"].value == 0:
            self.show_values({"temperature": _DRAWN_TEMPERATURE})
        self._controls["seed"].value = int(np.random.default_rng().integers(0, 100_000))

    def _changed(self, name: str) -> None:
        self._tell_what_works()
        if not self._quiet:
            self.on_change(name)

    def _tell_what_works(self) -> None:
        """At temperature 0 the other controls of the noise do nothing: they are disabled and say why."""
        works = self._controls["temperature"].value > 0
        for name in sorted(_NOISE - {"temperature"}):
            control = self._controls[name]
            control.enabled = works
            control.tooltip = help_of(name) if works else _NO_EFFECT + help_of(name)


def rows(parts: Sequence[QWidget | tuple[str, QWidget]]) -> QWidget:
    """Controls under each other, their labels in one column.

    Args:
        parts: sliders bring their labels; of a pair, the first is the label.
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


def is_noise(option: str) -> bool:
    """Whether an option decides which rendering it is, rather than how it is finished."""
    return option in _NOISE
