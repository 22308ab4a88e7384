"""Controls with mouse, wheel and keyboard events as Qt delivers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QScrollArea, QStyle, QStyleOptionSlider, QVBoxLayout, QWidget

from napari_plugin.controls import Choice, Slider, Switch, WholeNumber

Until = Callable[..., None]


@pytest.fixture
def column(qtbot: Any) -> Iterator[tuple[QScrollArea, Slider, Choice, WholeNumber]]:
    """A panel that is taller than its window."""
    parts = (Slider("Strength", 0.0, 1.0, 0.01, 0.5), Choice(("one", "two", "three")), WholeNumber(0, 9, 3))
    inner = QWidget()
    layout = QVBoxLayout(inner)
    for part in parts:
        layout.addWidget(part)
    layout.addSpacing(2000)
    area = QScrollArea()
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.resize(400, 300)
    qtbot.addWidget(area)
    with qtbot.waitExposed(area):
        area.show()
    yield area, *parts


def _turn(widget: QWidget) -> bool:
    """One notch of the wheel towards the user, over the middle of a widget; whether the widget took it.

    Qt gives what a widget did not take to its parents, but not in events that a program sends.
    """
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(0, 0), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    return bool(event.isAccepted())


def test_the_wheel_scrolls_the_panel_and_changes_nothing_without_the_focus(column: Any, until: Until) -> None:
    area, slider, choice, number = column
    area.activateWindow()
    area.setFocus()
    until(area.hasFocus, 10)
    for widget in (slider.slider, slider.number, choice, number):
        assert not _turn(widget), widget
    assert (slider.value, choice.value, number.value) == (0.5, "one", 3)


def test_the_wheel_changes_a_focused_control(column: Any, until: Until) -> None:
    area, slider, choice, _ = column
    area.activateWindow()
    choice.setFocus()
    until(choice.hasFocus, 10)
    assert _turn(choice) and choice.value == "two"
    slider.slider.setFocus()
    until(slider.slider.hasFocus, 10)
    assert _turn(slider.slider) and slider.value == pytest.approx(0.47)


def test_a_click_beside_the_handle_page_keys_and_arrow_keys_step(column: Any, qtbot: Any) -> None:
    _, slider, *_ = column
    option = QStyleOptionSlider()
    slider.slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderGroove
    groove = slider.slider.style().subControlRect(
        QStyle.ComplexControl.CC_Slider, option, part, slider.slider
    )
    right = QPoint(groove.right() - 2, groove.center().y())
    qtbot.mouseClick(slider.slider, Qt.MouseButton.LeftButton, pos=right)
    assert slider.value == pytest.approx(0.6)
    qtbot.keyClick(slider.slider, Qt.Key.Key_PageDown)
    assert slider.value == pytest.approx(0.5)
    qtbot.keyClick(slider.slider, Qt.Key.Key_Right)
    assert slider.value == pytest.approx(0.51)
    qtbot.mouseDClick(slider.slider, Qt.MouseButton.LeftButton, pos=slider.slider.rect().center())
    assert slider.value == 0.5


def test_typed_values_are_emitted_once(column: Any, qtbot: Any) -> None:
    _, slider, *_ = column
    told: list[float] = []
    slider.changed.connect(told.append)
    slider.number.selectAll()
    qtbot.keyClicks(slider.number, "0.73")
    assert not told  # not before the number is complete
    qtbot.keyClick(slider.number, Qt.Key.Key_Return)
    assert told == [0.73] and slider.slider.value() == 73
    slider.value = 7.0  # out of range
    assert slider.value == 1.0 and slider.number.value() == 1.0
    slider.value = 1.0
    assert told == [0.73, 1.0]
    qtbot.mouseDClick(slider.caption, Qt.MouseButton.LeftButton)
    assert slider.value == 0.5


def test_a_value_between_two_steps_is_kept(column: Any) -> None:
    _, slider, *_ = column
    slider.value = 0.4567
    assert slider.value == 0.4567 and slider.slider.value() == 46


def test_replacing_choices_keeps_the_chosen_one(column: Any) -> None:
    _, _, choice, _ = column
    told: list[str] = []
    choice.changed.connect(told.append)
    choice.value = "three"
    choice.choices = ("zero", "three")
    assert choice.value == "three" and told == ["three"]
    choice.choices = ("zero",)
    assert choice.value == "zero" and told == ["three", "zero"]
    with pytest.raises(ValueError, match="not one of zero"):
        choice.value = "four"


def test_switches(qtbot: Any) -> None:
    switch = Switch("On", False, "Says so")
    qtbot.addWidget(switch)
    switch.click()
    assert switch.value and switch.tooltip == "Says so"
