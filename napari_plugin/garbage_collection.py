"""Shorter pauses of Python's garbage collector while a panel is open.

napari 0.9 collects garbage whenever a layer is removed, and this searches every object of the process: with
napari, PyTorch and Qt loaded, about 0.2 s in which the window does not respond. Nearly all of these objects
live as long as the process. `gc.freeze` excludes them from collections, which then take a few milliseconds.

A removed layer is part of cycles of references, so only a collection frees its memory. napari collects while
its own events still refer to the layer. Therefore a collection follows a second later, of all objects if the
layer was excluded. Layers of viewers without a panel are not known here: if they were excluded, their memory
is freed when the last panel is closed.
"""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari import Viewer

__all__ = ["ShortCollections"]

_COLLECT_MS = 1000
"""Time after which usually nothing refers to a removed layer."""
_ATTEMPTS = 4
"""Number of collections, each after twice the time, until a layer that a job still uses is given up."""

_users: set[ShortCollections] = set()
"""Those of open panels whose model is loaded. The collector is shared by all of them."""
_excluded: set[Hashable] = set()
"""Layers of their viewers that are excluded from collections."""


class ShortCollections:
    """Excludes the objects of a panel's process from garbage collections, until it is closed.

    Args:
        viewer: napari's viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._removed: list[weakref.ref[Any]] = []
        self._attempts = 0
        self._closed = False
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._collect)
        viewer.layers.events.removing.connect(self._removing)

    def start(self) -> None:
        """Exclude the objects that exist now. Call this when the modules and the model are loaded."""
        if self._closed:
            return
        _users.add(self)
        if self._alive():
            self._attempts = 0
            self._timer.start(_COLLECT_MS)
        else:
            self._exclude()

    def _exclude(self) -> None:
        gc.freeze()
        _excluded.update(layer.unique_id for user in _users for layer in user._viewer.layers)

    def _alive(self) -> list[weakref.ref[Any]]:
        self._removed = [layer for layer in self._removed if layer() is not None]
        return self._removed

    def _removing(self, event: Any) -> None:
        layer = self._viewer.layers[event.index]
        if layer.unique_id in _excluded:
            _include_all()
        self._removed.append(weakref.ref(getattr(layer, "__wrapped__", layer)))
        self._attempts = 0
        self._timer.start(_COLLECT_MS)

    def _collect(self) -> None:
        if self._alive():
            gc.collect()
        self._attempts += 1
        if self._alive() and self._attempts < _ATTEMPTS:
            self._timer.start(_COLLECT_MS << self._attempts)
        elif self in _users and not _excluded and not self._removed:
            self._exclude()

    def close(self) -> None:
        """Include all objects in garbage collections again, unless another panel is open.

        A panel can be closed in several ways at once, so this may be called again.
        """
        if self._closed:
            return
        self._closed = True
        if self in _users:
            _users.discard(self)
            if not _users:
                _include_all()
        with contextlib.suppress(RuntimeError):  # Qt has deleted the timer
            self._timer.stop()
        self._viewer.layers.events.removing.disconnect(self._removing)


def _include_all() -> None:
    gc.unfreeze()
    _excluded.clear()
