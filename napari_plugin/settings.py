"""The controls: one for each option a rendering has, made from the same options as everywhere else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from magicgui.widgets import CheckBox, ComboBox, Container, FloatSlider, PushButton, SpinBox
from qtpy.QtWidgets import QLineEdit

from llflow_photo.options import Options

__all__ = ["SettingsPanel", "help_of", "is_noise", "readable"]

_SEEDS = 2**31 - 1


@dataclass(frozen=True)
class _Slider:
    """How an option is shown: label, range and step."""

    label: str
    low: float
    high: float
    step: float


_SLIDERS = {
    "temperature": _Slider("Temperature", 0.0, 1.5, 0.01),
    "coherence": _Slider("Coherence", 0.0, 1.0, 0.01),
    "brightness": _Slider("Brightness (EV)", -2.0, 1.0, 0.02),
    "exposure_ev": _Slider("Exposure (EV)", -3.0, 3.0, 0.05),
    "strength": _Slider("Strength", 0.0, 1.0, 0.01),
}
_SWITCHES = {"protect_highlights": "Keep lamps", "denoise_only": "Denoise only"}
_NOISE = frozenset({"temperature", "coherence", "seed"})


def help_of(option: str) -> str:
    """What `Options` says of one of its fields, as one paragraph."""
    text = inspect.getdoc(Options) or ""
    match = re.search(rf"^    {option}: (.+?)(?=^    \w+: |\Z)", text, re.MULTILINE | re.DOTALL)
    words = " ".join((match[1] if match else option).replace("``", "").split())
    return words[:1].upper() + words[1:]


class SettingsPanel(Container):
    """Model, device and every slider.

    Args:
        models: names to choose from.
        devices: the same for devices.

    Attributes:
        on_change: called with the option's name when the user changes one.
    """

    def __init__(self, models: list[str], devices: list[str]) -> None:
        defaults = Options()
        super().__init__(labels=True)
        self.on_change: Callable[[str], None] = lambda name: None
        self._quiet = False
        chosen = defaults.model if defaults.model in models else models[0]
        self._controls: dict[str, Any] = {
            "model": ComboBox(label="Model", choices=models, value=chosen),
            "device": ComboBox(label="Device", choices=devices, value=devices[0]),
        }
        for name, slider in _SLIDERS.items():
            self._controls[name] = FloatSlider(
                label=slider.label,
                min=slider.low,
                max=slider.high,
                step=slider.step,
                value=min(max(getattr(defaults, name), slider.low), slider.high),
            )
        self._controls["seed"] = SpinBox(label="Seed", min=0, max=_SEEDS, value=defaults.seed)
        self.dice = PushButton(text="Dice", tooltip="Throw the dice: another seed, another rendering")
        for name, label in _SWITCHES.items():
            self._controls[name] = CheckBox(text=label, value=getattr(defaults, name))
        self._lay_out()
        for name, control in self._controls.items():
            control.name = name
            control.tooltip = help_of(name)
            control.changed.connect(lambda _value, name=name: self._changed(name))
        self.dice.changed.connect(self._throw)

    def _lay_out(self) -> None:
        seed_row = Container(
            widgets=[self._controls["seed"], self.dice], layout="horizontal", labels=False, label="Seed"
        )
        seed_row.margins = (0, 0, 0, 0)
        self.dice.max_width = 60
        switches = Container(
            widgets=[self._controls[name] for name in _SWITCHES], layout="horizontal", labels=False, label=" "
        )
        switches.margins = (0, 0, 0, 0)
        order: list[Any] = [self._controls[name] for name in ("model", "device", *_SLIDERS)]
        order.insert(4, seed_row)
        self.extend([*order, switches])
        for name in _SLIDERS:
            readable(self._controls[name])

    def control(self, name: str) -> Any:
        """The control of one option."""
        return self._controls[name]

    def options(self, **changes: Any) -> Options:
        """What the controls say.

        Args:
            changes: options to take instead of the controls'.
        """
        values = {name: control.value for name, control in self._controls.items()}
        return Options(**{**values, **changes})

    def show_noise(self, seed: int, temperature: float, coherence: float) -> None:
        """Move the noise's controls to a rendering that was picked, without telling anyone."""
        self._quiet = True
        try:
            for name, value in (("seed", seed), ("temperature", temperature), ("coherence", coherence)):
                control = self._controls[name]
                control.value = min(max(value, control.min), control.max)
        finally:
            self._quiet = False

    def _throw(self) -> None:
        self._controls["seed"].value = int(np.random.default_rng().integers(0, 100_000))
        if self._controls["temperature"].value == 0:  # at 0 every seed looks the same
            self._controls["temperature"].value = 0.8

    def _changed(self, name: str) -> None:
        if not self._quiet:
            self.on_change(name)


def readable(slider: FloatSlider) -> None:
    """Make room for a slider's number, which napari's style would hide."""
    for field in slider.native.findChildren(QLineEdit):
        field.setStyleSheet("background: transparent; border: 0; padding: 0; margin: 0;")
        field.setFixedWidth(40)


def is_noise(option: str) -> bool:
    """Whether an option decides which rendering it is, rather than how it is finished."""
    return option in _NOISE
