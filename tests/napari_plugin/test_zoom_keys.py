"""Fit, 100 %, before and undo, by buttons and by keys on the canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_plugin.view import camera

Until = Callable[..., None]
pytestmark = pytest.mark.usefixtures("small_network")


def test_keys_on_the_canvas(window: Any, until: Until, qtbot: Any, dark_photo: np.ndarray) -> None:
    viewer, canvas = window.viewer, window.canvas.widget
    camera(viewer).zoom = 11.0
    qtbot.keyClick(canvas, Qt.Key.Key_Z)
    assert camera(viewer).zoom == pytest.approx(1.0 / window.canvas.pixel_ratio)
    qtbot.keyClick(canvas, Qt.Key.Key_F)
    assert camera(viewer).zoom > 2
    qtbot.keyPress(canvas, Qt.Key.Key_B)
    assert not window.preview.layer.visible and window.photo.value.visible
    qtbot.keyRelease(canvas, Qt.Key.Key_B)
    assert window.preview.layer.visible
    window.settings.control("exposure_ev").value = 1.0
    qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.settings.control("exposure_ev").value == 0.0
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(canvas, Qt.Key.Key_Z, both)
    assert window.settings.control("exposure_ev").value == 1.0
    labels = viewer.add_labels(np.zeros((5, 5), int))
    zoom = camera(viewer).zoom
    qtbot.keyClick(canvas, Qt.Key.Key_Z)  # a key binding of the labels layer
    assert camera(viewer).zoom == zoom
    viewer.layers.remove(labels)


def test_a_result_is_undone_and_redone(widget: Any, until: Until) -> None:
    layers, undo, redo = (
        widget.viewer.layers,
        widget.view_panel.buttons["undo"],
        widget.view_panel.buttons["redo"],
    )
    assert not undo.isEnabled() and not redo.isEnabled()
    widget.settings.control("strength").value = 0.5
    until(undo.isEnabled)
    widget.apply.apply_button.click()
    until(lambda: "night enhanced" in layers and not widget.work.running)
    undo.click()
    assert "night enhanced" not in layers and widget.settings.control("strength").value == 0.5
    undo.click()
    assert widget.settings.control("strength").value == 1.0
    redo.click()
    redo.click()
    assert widget.settings.control("strength").value == 0.5 and "night enhanced" in layers
    assert not redo.isEnabled()
