"""Looking at the photo: zoom, before and after, the live preview's switch and its sign of work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from .compare import MODES, OFF, SPLIT
from .controls import Choice, Slider, Switch, button
from .settings import rows

__all__ = ["ComparePanel", "LookPanel"]


class LookPanel(QWidget):
    """Fit, 100 %, before, undo and redo, in one row; the live preview and what it does below.

    Args:
        actions: by name: ``fit``, ``full``, ``undo``, ``redo``.
        before: called with true when the button goes down and with false when it comes up.

    Attributes:
        live: switches the live preview.
        buttons: by name, as of ``actions``, and ``before``.
    """

    def __init__(self, actions: dict[str, Callable[[], Any]], before: Callable[[bool], Any]) -> None:
        super().__init__()
        self.buttons = {
            "fit": button("Fit", "Show the whole photo (key F)", actions["fit"]),
            "full": button(
                "100 %", "One pixel of the photo is one pixel of the screen (key Z)", actions["full"]
            ),
            "before": button("Before", "Hold to see the photo as it was (key B)", lambda: None),
            "undo": button("Undo", "Undo the last change or apply (Ctrl+Z)", actions["undo"]),
            "redo": button("Redo", "Do again what was undone (Ctrl+Shift+Z)", actions["redo"]),
        }
        self.buttons["before"].pressed.connect(lambda: before(True))
        self.buttons["before"].released.connect(lambda: before(False))
        self.live = Switch("Live preview", True, "Render what is on screen as you go")
        self._status = QLabel(" ")
        self._status.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._bar.setStyleSheet("QProgressBar { border: 0; background: transparent; }")
        self._bar.setRange(0, 1)
        self._busy = False
        self._told = ""
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        for made in self.buttons.values():
            made.setMinimumWidth(made.fontMetrics().horizontalAdvance(made.text()) + 16)
            row.addWidget(made, 1)
        layout.addLayout(row)
        row = QHBoxLayout()
        row.addWidget(self.live)
        row.addWidget(self._status, 1)
        layout.addLayout(row)
        layout.addWidget(self._bar)

    @property
    def status(self) -> str:
        """What is said beside the switch."""
        return str(self._status.text()).strip()

    def show_busy(self, busy: bool) -> None:
        """The preview is being rendered, or done."""
        if busy != self._busy:
            self._busy = busy
            self._bar.setRange(0, 0 if busy else 1)
            self._show()

    def tell(self, text: str) -> None:
        """Say something while nothing is rendered, such as which rendering is shown."""
        self._told = text
        self._show()

    def _show(self) -> None:
        self._status.setText("Rendering…" if self._busy else self._told or " ")

    def show_history(self, can_undo: bool, can_redo: bool) -> None:
        """Which of undo and redo there is something for."""
        self.buttons["undo"].setEnabled(can_undo)
        self.buttons["redo"].setEnabled(can_redo)


class ComparePanel(QWidget):
    """How before and after are compared, and where the split line is."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = Choice(MODES, "Before and after: a line to drag, or the two side by side, under one zoom")
        self.split = Slider("Split", 0.0, 1.0, 0.01, 0.5, "Where the line between before and after is")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(rows([("Compare", self.mode), self.split]))
        self.mode.changed.connect(self._mode_changed)
        self._mode_changed(OFF)

    def _mode_changed(self, mode: str) -> None:
        self.split.enabled = mode == SPLIT
