"""A sign that something is being computed, which costs hardly any processor time."""

from __future__ import annotations

from qtpy.QtCore import QRect, QTimer
from qtpy.QtGui import QPainter
from qtpy.QtWidgets import QWidget

__all__ = ["BusyBar"]

_HEIGHT, _STEP_MS, _STEPS = 4, 250, 8


class BusyBar(QWidget):
    """A thin bar with a moving part while something is being computed.

    `QProgressBar` moves 60 times per second. In a window with an OpenGL canvas each move composes the whole
    window again, which takes half a core without a graphics card.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(_HEIGHT)
        self._step = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._move)

    @property
    def busy(self) -> bool:
        """Whether the moving part is shown."""
        return bool(self._timer.isActive())

    def show_busy(self, busy: bool) -> None:
        """Show or hide the moving part."""
        if busy:
            self._step = 0
            self._timer.start()
        else:
            self._timer.stop()
        self.update()

    def _move(self) -> None:
        self._step = (self._step + 1) % _STEPS
        self.update()

    def paintEvent(self, _event: object) -> None:  # noqa: N802 (Qt's name)
        if self.busy:
            width = self.width() // 4
            left = (self.width() - width) * self._step // (_STEPS - 1)
            painter = QPainter(self)
            painter.fillRect(QRect(left, 0, width, self.height()), self.palette().highlight())
            painter.end()
