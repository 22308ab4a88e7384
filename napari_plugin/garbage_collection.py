"""Shorter pauses of Python's garbage collector while a panel is open.

napari 0.9 collects garbage whenever a layer is removed, and this searches every object of the process: with
napari, PyTorch and Qt loaded, about 0.2 s in which the window does not respond. Nearly all of these objects
live as long as the process. `gc.freeze` excludes them from collections, which then take a few milliseconds.
"""

from __future__ import annotations

import gc
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari import Viewer

__all__ = ["ShortCollections"]

_COLLECT_MS = 1000
"""Time after which nothing holds a removed layer: its preview is removed, too, and its jobs have ended."""

_users: set[ShortCollections] = set()
"""Those that have frozen objects. The collector is shared by all viewers."""


class ShortCollections:
    """Excludes the objects that exist now from garbage collections, until it is closed.

    Layers among them can be removed: then everything is searched as without this. The memory of any removed
    layer is freed a second later; napari collects when its own events still refer to the layer.

    Args:
        viewer: napari's viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layers: set[Hashable] = set()
        self._thawed = False
        self._again = QTimer()
        self._again.setSingleShot(True)
        self._again.setInterval(_COLLECT_MS)
        self._again.timeout.connect(self._collect)
        viewer.layers.events.removing.connect(self._removing)

    def start(self) -> None:
        """Exclude all objects that exist now. Call this when the modules and the model are loaded."""
        _users.add(self)
        self._layers = {layer.unique_id for layer in self._viewer.layers}
        self._thawed = False
        gc.freeze()

    def _removing(self, event: Any) -> None:
        if self not in _users:
            return
        if self._viewer.layers[event.index].unique_id in self._layers:
            gc.unfreeze()
            self._thawed = True
        self._again.start()

    def _collect(self) -> None:
        gc.collect()
        if self._thawed:
            self.start()

    def close(self) -> None:
        """Include all objects in garbage collections again, unless another panel is open."""
        self._viewer.layers.events.removing.disconnect(self._removing)
        self._again.stop()
        if self in _users:
            _users.discard(self)
            if not _users:
                gc.unfreeze()
