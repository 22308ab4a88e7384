"""The end of a panel: its dock or its window closes, or Qt deletes what is left in no order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QTimer

if TYPE_CHECKING:
    from .widget import EnhanceWidget
    from .work import Work

__all__ = ["Closing"]


class Closing(QObject):
    """Ends a panel's work when its dock is closed or its window is.

    Args:
        panel: the panel.
        shut_down: ends its work; sets `ended`.

    Attributes:
        ended: whether the panel was shut down.
    """

    def __init__(self, panel: EnhanceWidget, shut_down: Callable[[], None]) -> None:
        super().__init__()
        self.ended = False
        self._panel = panel
        self._shut_down = shut_down
        self._window: QObject | None = None
        work = panel.work
        panel.destroyed.connect(lambda *_: self._deleted(work))
        QTimer.singleShot(0, self._watch_dock)  # napari docks the panel once it is made

    def watch_window(self) -> None:
        """Watch the window the panel is in by now."""
        window = self._panel.window()
        if window is not self._window:
            if self._window is not None:
                self._window.removeEventFilter(self)
            self._window = window
            window.installEventFilter(self)

    def end(self) -> None:
        """The panel shuts down: let go of the window, too."""
        self.ended = True
        window, self._window = self._window, None
        if window is not None:
            window.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Render nothing while the window closes."""
        if event.type() == QEvent.Type.Close and not self.ended:
            self._panel.preview.drop()
        return False

    def _deleted(self, work: Work) -> None:
        """Qt deleted the panel without closing it: whatever is of Qt is gone."""
        self.ended = True
        work.close()

    def _watch_dock(self) -> None:
        """Closing the dock takes the panel out of the window without closing it: that ends its work, too."""
        if self.ended:
            return
        dock = self._panel.parentWidget()
        if dock is not None:
            dock.destroyed.connect(lambda *_: self._dock_gone())
            self._panel.canvas.attach(self._panel)

    def _dock_gone(self) -> None:
        if self.ended:
            return
        self._panel.work.close()
        try:
            self._panel.preview.clear()
            self._panel.compare.set_mode("Off")
            self._shut_down()
        except RuntimeError:  # as Python ends, Qt deletes what is left in no order: timers before docks, too
            self.ended = True
