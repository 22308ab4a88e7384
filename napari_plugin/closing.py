"""Shutting a panel down: its dock or window is closed, or Qt deletes widgets at exit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QTimer

if TYPE_CHECKING:
    from .garbage_collection import ShortCollections
    from .widget import EnhanceWidget
    from .work import Work

__all__ = ["Closing"]


class Closing(QObject):
    """Ends a panel's work when its dock or its window is closed.

    Args:
        panel: the panel.
        shut_down: ends its work and calls `end`.

    Attributes:
        ended: whether the panel was shut down.
    """

    def __init__(self, panel: EnhanceWidget, shut_down: Callable[[], None]) -> None:
        super().__init__()
        self.ended = False
        self._panel = panel
        self._shut_down = shut_down
        self._window: QObject | None = None
        work, collections = panel.work, panel.collections
        panel.destroyed.connect(lambda *_: self._deleted(work, collections))
        QTimer.singleShot(0, self._watch_dock)  # napari docks the panel after creating it

    def watch_window(self) -> None:
        """Watch the window that now contains the panel."""
        window = self._panel.window()
        if window is not self._window:
            if self._window is not None:
                self._window.removeEventFilter(self)
            self._window = window
            window.installEventFilter(self)

    def end(self) -> None:
        """Stop watching the window: the panel is shut down."""
        self.ended = True
        window, self._window = self._window, None
        if window is not None:
            window.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Stop rendering when the window closes."""
        if event.type() == QEvent.Type.Close and not self.ended:
            self._panel.preview.drop()
        return False

    def _deleted(self, work: Work, collections: ShortCollections) -> None:
        """Qt deleted the panel, perhaps without closing it: its Qt objects no longer exist."""
        self.ended = True
        collections.close()
        work.close()

    def _watch_dock(self) -> None:
        """Closing the dock removes the panel from the window without closing it; that also ends its work."""
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
            self._panel.deleteLater()  # napari only removes it, and its widgets' callbacks would keep it
        except RuntimeError:  # at exit, Qt may delete timers before docks
            self.ended = True
            self._panel.collections.close()
