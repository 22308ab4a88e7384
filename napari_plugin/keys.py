"""Keys on the canvas and the panel: F fits, Z zooms to 100 %, holding B shows the original, Ctrl+Z undoes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt

if TYPE_CHECKING:
    from napari import Viewer

__all__ = ["Keys"]

_NONE = Qt.KeyboardModifier.NoModifier
_CTRL = Qt.KeyboardModifier.ControlModifier
_CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class Keys:
    """Key bindings like those of photo editors.

    While a layer that is not an image is active, keys are left to napari: layers have key bindings too.

    Args:
        viewer: napari's viewer.
        actions: by name: ``fit``, ``full``, ``undo``, ``redo``.
        before: called with true when B is pressed and with false when it is released.
    """

    def __init__(
        self, viewer: Viewer, actions: dict[str, Callable[[], Any]], before: Callable[[bool], Any]
    ) -> None:
        self._viewer = viewer
        self._before = before
        self._held = False
        self._actions = {
            (Qt.Key.Key_F, _NONE): actions["fit"],
            (Qt.Key.Key_Z, _NONE): actions["full"],
            (Qt.Key.Key_Z, _CTRL): actions["undo"],
            (Qt.Key.Key_Z, _CTRL_SHIFT): actions["redo"],
        }

    def __call__(self, event: Any) -> bool:
        """Handle an event of a widget; returns true if it was one of these keys."""
        kind = event.type()
        if kind == QEvent.Type.FocusOut:
            self._hold(False)
            return False
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) or not self._is_ours():
            return False
        if event.key() == Qt.Key.Key_B and event.modifiers() == _NONE:
            if not event.isAutoRepeat():
                self._hold(kind == QEvent.Type.KeyPress)
            return True
        action = self._actions.get((Qt.Key(event.key()), event.modifiers()))
        if action is not None and kind == QEvent.Type.KeyPress and not event.isAutoRepeat():
            action()
        return action is not None

    def _hold(self, down: bool) -> None:
        if down != self._held:
            self._held = down
            self._before(down)

    def _is_ours(self) -> bool:
        active = self._viewer.layers.selection.active
        return active is None or active.__class__.__name__ == "Image"
