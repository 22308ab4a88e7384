"""View controls: zoom, before and after, undo, and the live preview with its progress bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from .busy_bar import BusyBar
from .compare import MODES, OFF, SPLIT
from .controls import Choice, Slider, Switch, button
from .settings import rows

__all__ = ["ComparePanel", "ViewPanel"]


class ViewPanel(QWidget):
    """Fit, 100 %, before, undo and redo in one row; below, the live preview with its status.

    Args:
        actions: by name: ``fit``, ``full``, ``undo``, ``redo``.
        before: called with true when the button is pressed and with false when it is released.

    Attributes:
        live: turns the live preview on and off.
        bar: shows whether the preview is being rendered.
        buttons: by name, as in ``actions``, and ``before``.
    """

    def __init__(self, actions: dict[str, Callable[[], Any]], before: Callable[[bool], Any]) -> None:
        super().__init__()
        self.buttons = {
            "fit": button("Fit", "Show the whole photo (key F)", actions["fit"]),
            "full": button(
                "100 %", "Show one pixel of the photo as one pixel of the screen (key Z)", actions["full"]
            ),
            "before": button("Before", "Hold to see the original photo (key B)", lambda: None),
            "undo": button("Undo", "Undo the last change or result (Ctrl+Z)", actions["undo"]),
            "redo": button("Redo", "Redo what was undone (Ctrl+Shift+Z)", actions["redo"]),
        }
        self.buttons["before"].pressed.connect(lambda: before(True))
        self.buttons["before"].released.connect(lambda: before(False))
        self.live = Switch("Live preview", True, "Render the visible region after every change")
        self._status = _Status()
        self.bar = BusyBar()
        self._busy = False
        self._message = ""
        self._lay_out()
        self.show_history(False, False)

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
        layout.addWidget(self.bar)

    @property
    def status(self) -> str:
        """The text beside the check box."""
        return self._status.full

    def show_busy(self, busy: bool) -> None:
        """Show whether the preview is being rendered."""
        if busy != self._busy:
            self._busy = busy
            self.bar.show_busy(busy)
            self._show()

    def show_message(self, text: str) -> None:
        """Set the text that is shown while nothing is rendered, such as the current rendering."""
        self._message = text
        self._show()

    def _show(self) -> None:
        self._status.show_text("Rendering…" if self._busy else self._message)

    def show_history(self, can_undo: bool, can_redo: bool) -> None:
        """Enable the buttons for undo and redo if they have something to do."""
        self.buttons["undo"].setEnabled(can_undo)
        self.buttons["redo"].setEnabled(can_redo)


class _Status(QLabel):
    """A line that never widens the panel: long texts end with an ellipsis, and are in the tooltip.

    Attributes:
        full: the whole text.
    """

    def __init__(self) -> None:
        super().__init__(" ")
        self.full = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_text(self, text: str) -> None:
        self.full = text
        self._fit()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics = self.fontMetrics()
        room = self.contentsRect().width() - 2 * metrics.averageCharWidth()  # for the style's padding
        shown = metrics.elidedText(self.full, Qt.TextElideMode.ElideRight, room)
        self.setText(shown or " ")
        self.setToolTip(self.full if shown != self.full else "")


class ComparePanel(QWidget):
    """Choice of the before-after comparison, and the position of the split line."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = Choice(
            MODES, "Compare before and after: by a line to drag, or side by side at the same zoom"
        )
        self.split = Slider("Split", 0.0, 1.0, 0.01, 0.5, "Position of the line between before and after")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(rows([("Compare", self.mode), self.split]))
        self.mode.changed.connect(self._mode_changed)
        self._mode_changed(OFF)

    def _mode_changed(self, mode: str) -> None:
        self.split.enabled = mode == SPLIT
