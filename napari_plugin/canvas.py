"""The viewer's canvas: its size, its pixel ratio, and when its view has stopped changing.

napari updates its camera model, and the visible part of each layer, while it draws. So the view is checked
after each drawn frame and not in the camera's events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget

from .view import camera, grid

if TYPE_CHECKING:
    from napari import Viewer

__all__ = ["CanvasWatch"]

_REST_MS = 110
"""Time without movement after which the view counts as stopped."""


class CanvasWatch(QObject):
    """Watches the canvas of the window that contains a panel.

    Args:
        viewer: napari's viewer.
        rested: called after the view has moved, was drawn, and has stopped moving.
        key: called with each key event on the canvas; returns true if it handled the event.
    """

    def __init__(
        self, viewer: Viewer, rested: Callable[[], None], key: Callable[[Any], bool] = lambda event: False
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self._key = key
        self._seen: Any = None
        self.widget: QOpenGLWidget | None = None
        self._drawn = QTimer(self)
        self._drawn.setSingleShot(True)
        self._drawn.timeout.connect(self._check_view)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(rested)
        viewer.layers.events.removing.connect(self._layer_removed_soon)

    def attach(self, panel: QWidget) -> None:
        """Find the canvas of the panel's window and watch it."""
        if self.widget is not None:
            return
        found = _canvas_of(panel)
        if found is not None:
            self.widget = found
            found.installEventFilter(self)
            found.destroyed.connect(self._gone)
            self._drawn.start(0)

    def detach(self) -> None:
        """Stop watching the canvas, for good."""
        self._viewer.layers.events.removing.disconnect(self._layer_removed_soon)
        widget, self.widget = self.widget, None
        self._drawn.stop()
        self._rest.stop()
        if widget is not None:
            widget.removeEventFilter(self)

    @property
    def pixel_ratio(self) -> float:
        """Physical pixels of the screen per logical pixel of the window."""
        return 1.0 if self.widget is None else float(self.widget.devicePixelRatioF())

    @property
    def is_drawn(self) -> bool:
        """Whether frames are drawn: the window is visible, and docks leave space for the canvas."""
        return self.widget is not None and self.widget.isVisible() and min(self.size) > 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of one view in logical pixels; in grid mode, of one cell of the grid."""
        if self.widget is None:
            return 800, 600
        width, height = self.widget.width(), self.widget.height()
        found = grid(self._viewer)
        if not found.enabled:
            return width, height
        rows, columns = (max(1, int(number)) for number in found.shape)
        return width // columns, height // rows

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Check the view after each frame, and forward key events."""
        kind = event.type()
        if kind == QEvent.Type.Paint:
            self._drawn.start(0)  # runs after this frame is drawn
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return self._key(event)
        return False

    def _check_view(self) -> None:
        if self.widget is None:
            return
        seen = camera(self._viewer)
        found = grid(self._viewer)
        now = (tuple(seen.center), seen.zoom, self.size, self.pixel_ratio, found.enabled)
        if now != self._seen:
            self._seen = now
            self._rest.start()

    def check_again(self) -> None:
        """Report the view after the next frame, because something other than the camera changed."""
        self._seen = None
        if self.widget is not None:
            self.widget.update()

    def _layer_removed_soon(self, _event: Any = None) -> None:
        """Make the canvas's OpenGL context current, because napari 0.9 does not before it removes a layer.

        It then executes all waiting OpenGL commands. In another context, those of changes since the last
        frame go wrong, and drawing the next frame ends the process.
        """
        if self.widget is not None:
            self.widget.makeCurrent()

    def _gone(self, _widget: Any = None) -> None:
        self.widget = None


def _canvas_of(panel: QWidget) -> QOpenGLWidget | None:
    parent = panel.parentWidget()
    while parent is not None and not isinstance(parent, QMainWindow):
        parent = parent.parentWidget()
    central = parent.centralWidget() if parent is not None else None
    return None if central is None else central.findChild(QOpenGLWidget)
