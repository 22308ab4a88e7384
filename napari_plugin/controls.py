"""Controls: sliders with a number field, numbers, check boxes and lists; the mouse wheel scrolls the panel.

Every control has ``value``, ``changed`` and ``tooltip``; setting the value emits ``changed``.
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
"""Steps per click beside the handle, and per PageUp or PageDown."""


class _WheelGuard(QObject):
    """Lets the wheel change a control only if it has the focus; otherwise it scrolls the panel."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


_GUARD = _WheelGuard()


def guard_wheel(widget: QWidget) -> None:
    """Let the wheel change ``widget`` only while it has the focus; the wheel itself does not focus it."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_GUARD)


class _Control:
    """Common interface of all controls: a value, a tooltip, and whether they are enabled."""

    @property
    def value(self) -> Any:
        """The current value."""
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
        """The widgets of the control, itself first."""
        return (self,)

    def _read(self) -> Any:
        raise NotImplementedError

    def _write(self, value: Any) -> None:
        raise NotImplementedError


class Slider(_Control, QWidget):
    """A slider with a number field.

    A click beside the handle and PageUp move it by ten steps, arrow keys by one; a double click resets it to
    its default. Numbers can be typed.

    Args:
        label: its name, for the layout; `caption` is a label widget with it.
        low: the smallest value.
        high: the largest value.
        step: between values that the handle reaches; typed or assigned values may lie between.
        value: the initial and default value.
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
        """Values out of range are clipped."""
        value = min(max(float(value), self.min), self.max)
        if value != self._value:
            self._value = value
            self._show()
            self.changed.emit(value)

    def _parts(self) -> tuple[QWidget, ...]:
        return self, self.caption, self.slider, self.number

    def reset(self) -> None:
        """Reset to the default."""
        self.value = self.default

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Reset on a double click."""
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
    """A field for an integer."""

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
    """A check box."""

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
    """A list of names of which one is chosen."""

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
        """Replace the names; the chosen one is kept if it is among them, else the first is chosen."""
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
            raise ValueError(f"{name!r} is not one of {', '.join(self.choices)}")
        self.setCurrentIndex(row)


def button(text: str, tip: str, slot: Callable[[], Any]) -> QPushButton:
    """A button that calls ``slot`` without arguments."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda _checked=False: slot())
    return made
