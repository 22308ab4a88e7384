"""Controls a hand can use: sliders with sensible steps and a number to type; the wheel scrolls the panel.

Every control has ``value``, ``changed`` and ``tooltip``; setting the value tells ``changed``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)

__all__ = ["Choice", "Slider", "Switch", "WholeNumber", "button", "guard_wheel"]

_PAGE = 10
"""Steps of a click beside the handle, and of PageUp."""


class _WheelGuard(QObject):
    """Lets the wheel change a control that has the focus only; else it scrolls the panel."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


_GUARD = _WheelGuard()


def guard_wheel(widget: QWidget) -> None:
    """Let the wheel change ``widget`` only while it has the focus, which the wheel does not give."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_GUARD)


class _Control:
    """What all controls have: a value, a tooltip, and whether they can be used."""

    @property
    def value(self) -> Any:
        """What it says."""
        return self._read()

    @value.setter
    def value(self, value: Any) -> None:
        self._write(value)

    @property
    def tooltip(self) -> str:
        return str(self._parts()[0].toolTip())

    @tooltip.setter
    def tooltip(self, text: str) -> None:
        for part in self._parts():
            part.setToolTip(text)

    @property
    def enabled(self) -> bool:
        return bool(self._parts()[0].isEnabled())

    @enabled.setter
    def enabled(self, on: bool) -> None:
        for part in self._parts():
            part.setEnabled(on)

    def _parts(self) -> tuple[Any, ...]:
        """The widgets it is made of, itself first."""
        return (self,)

    def _read(self) -> Any:
        raise NotImplementedError

    def _write(self, value: Any) -> None:
        raise NotImplementedError


class Slider(_Control, QWidget):
    """A slider with its number beside it.

    A click beside the handle and PageUp move it by ten steps, arrows by one, a double click back to where it
    began; the number can be typed.

    Args:
        label: its name, shown by whoever lays it out; `caption` is a widget for it.
        low: the smallest value.
        high: the largest.
        step: between values that the handle reaches; a typed or programmed value may lie between.
        value: to begin with, and to return to.
    """

    changed = Signal(float)

    def __init__(
        self, label: str, low: float, high: float, step: float, value: float, tooltip: str = ""
    ) -> None:
        super().__init__()
        self.min, self.max, self.step, self.default = low, high, step, value
        self._value = value
        self.caption = QLabel(label)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, round((high - low) / step))
        self.slider.setSingleStep(1)
        self.slider.setPageStep(_PAGE)
        self.number = QDoubleSpinBox()
        self.number.setRange(low, high)
        self.number.setSingleStep(step)
        self.number.setDecimals(2)
        self.number.setKeyboardTracking(False)
        self.number.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.number.setFixedWidth(self.number.fontMetrics().horizontalAdvance("-00.00") + 20)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.number)
        for part in (self.slider, self.number):
            guard_wheel(part)
        for resetting in (self.slider, self.caption):
            resetting.installEventFilter(self)
        self.tooltip = tooltip
        self._show()
        self.slider.valueChanged.connect(self._moved)
        self.number.valueChanged.connect(self._typed)

    def _read(self) -> float:
        return self._value

    def _write(self, value: float) -> None:
        """Values beyond the range are its end."""
        value = min(max(float(value), self.min), self.max)
        if value != self._value:
            self._value = value
            self._show()
            self.changed.emit(value)

    def _parts(self) -> tuple[QWidget, ...]:
        return self, self.caption, self.slider, self.number

    def reset(self) -> None:
        """Back to where it began."""
        self.value = self.default

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """A double click resets."""
        if event.type() == QEvent.Type.MouseButtonDblClick and self.isEnabled():
            self.reset()
            return True
        return False

    def _show(self) -> None:
        for part in (self.slider, self.number):
            part.blockSignals(True)
        self.slider.setValue(round((self._value - self.min) / self.step))
        self.number.setValue(self._value)
        for part in (self.slider, self.number):
            part.blockSignals(False)

    def _moved(self, position: int) -> None:
        self.value = round(self.min + position * self.step, 9)

    def _typed(self, value: float) -> None:
        self.value = value


class WholeNumber(_Control, QSpinBox):
    """A whole number to type."""

    changed = Signal(int)

    def __init__(self, low: int, high: int, value: int, tooltip: str = "") -> None:
        super().__init__()
        self.min, self.max = low, high
        self.setRange(low, high)
        self.setValue(value)
        self.setKeyboardTracking(False)
        self.tooltip = tooltip
        guard_wheel(self)
        self.valueChanged.connect(self.changed)

    def _read(self) -> int:
        return int(QSpinBox.value(self))

    def _write(self, value: int) -> None:
        self.setValue(int(value))


class Switch(_Control, QCheckBox):
    """On or off."""

    changed = Signal(bool)

    def __init__(self, text: str, value: bool, tooltip: str = "") -> None:
        super().__init__(text)
        self.setChecked(value)
        self.tooltip = tooltip
        self.toggled.connect(self.changed)

    def _read(self) -> bool:
        return bool(self.isChecked())

    def _write(self, value: bool) -> None:
        self.setChecked(bool(value))


class Choice(_Control, QComboBox):
    """One of some names."""

    changed = Signal(str)

    def __init__(self, choices: Sequence[str], tooltip: str = "") -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.addItems(list(choices))
        self.tooltip = tooltip
        guard_wheel(self)
        self.currentTextChanged.connect(self.changed)

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.itemText(row) for row in range(self.count()))

    @choices.setter
    def choices(self, names: Sequence[str]) -> None:
        """Other names; the chosen one stays where it is among them, else it is the first."""
        chosen = self.value
        self.blockSignals(True)
        self.clear()
        self.addItems(list(names))
        self.setCurrentIndex(max(0, self.findText(chosen)))
        self.blockSignals(False)
        if self.value != chosen:
            self.changed.emit(self.value)

    def _read(self) -> str:
        return str(self.currentText())

    def _write(self, name: str) -> None:
        row = self.findText(name)
        if row < 0:
            raise ValueError(f"{name!r} is none of {', '.join(self.choices)}")
        self.setCurrentIndex(row)


def button(text: str, tip: str, slot: Callable[[], Any]) -> QPushButton:
    """A button that calls ``slot`` with nothing."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda _checked=False: slot())
    return made
