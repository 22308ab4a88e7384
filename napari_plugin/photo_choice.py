"""Choice of the layer to work on.

Layers of this plugin with `ROLE` in their metadata (previews, maps) cannot be chosen. Results can be chosen,
but are never chosen automatically; their metadata identifies the photo they were made from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox

from .controls import guard_wheel
from .layers import is_photo_layer, why_no_photo

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["ROLE", "PhotoChoice", "identity_of", "is_result", "made_from", "photo_of", "why_none"]

ROLE = "llflow_photo_role"
"""Metadata key of layers that are no photos, such as previews and maps."""
_ID = "llflow_photo_id"
_OF = "llflow_photo_of"
"""Metadata key of results and previews: the identity of their photo."""


def identity_of(layer: Image) -> str:
    """A photo's identity, kept in its metadata; assigned at first use."""
    return str(layer.metadata.setdefault(_ID, uuid4().hex))


def made_from(layer: Image) -> dict[str, str]:
    """Metadata entries for a layer made from ``layer``."""
    return {_OF: identity_of(layer)}


def is_result(layer: Any) -> bool:
    """Whether the layer is a full-size result."""
    return layer.metadata.get("role") == "result" or "settings" in layer.metadata


def photo_of(layer: Any, viewer: Viewer) -> Image | None:
    """The photo that a preview or a result was made from, if it still exists."""
    wanted = None if layer is None else layer.metadata.get(_OF)
    if wanted is None:
        return None
    for other in viewer.layers:
        if other.metadata.get(_ID) == wanted and is_photo_layer(other):
            return other
    return None


def why_none(viewer: Viewer) -> str:
    """Why an image of the viewer cannot be chosen, one sentence; empty if all can."""
    for layer in reversed(viewer.layers):
        if reason := why_no_photo(layer):
            return reason
    return ""


class PhotoChoice(QComboBox):
    """A list of the photos of a viewer, results last.

    Args:
        viewer: napari's viewer.

    Attributes:
        changed: emitted when another layer, `value`, was chosen.
        renamed: emitted when a layer was renamed.
    """

    changed = Signal()
    renamed = Signal()

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._layers: list[Any] = []
        self._value: Any = None
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.setToolTip("The layer to work on: an RGB or gray image")
        guard_wheel(self)
        self._named: set[Any] = set()
        self.activated.connect(lambda row: self._choose(self._layers[row]))
        viewer.layers.selection.events.active.connect(self._selected)

    @property
    def choices(self) -> tuple[Any, ...]:
        return tuple(self._layers)

    @property
    def value(self) -> Any:
        """The chosen layer, or None."""
        return self._value

    @value.setter
    def value(self, layer: Any) -> None:
        if layer is not None and layer not in self._layers:
            raise ValueError(f"layer {layer.name!r} cannot be chosen")
        self._choose(layer)
        self._show()

    def refresh(self, prefer: Any = None) -> None:
        """Update the list after a change of the viewer's layers.

        Args:
            prefer: a layer to choose if it is a photo and not a result.
        """
        self._follow_names()
        self._tell_apart()
        offered = [
            layer for layer in self._viewer.layers if is_photo_layer(layer) and ROLE not in layer.metadata
        ]
        photos = [layer for layer in offered if not is_result(layer)]
        self._layers = photos + [layer for layer in offered if is_result(layer)]
        chosen = self._value
        if prefer is not None and prefer in photos:
            chosen = prefer
        elif chosen is None or chosen not in self._layers:
            chosen = photos[-1] if photos else None
        self._choose(chosen)
        self._show()

    def _tell_apart(self) -> None:
        """Give a copy of a photo, which napari makes with its metadata, an identity of its own."""
        known: set[str] = set()
        for layer in self._viewer.layers:
            identity = layer.metadata.get(_ID)
            if identity in known:
                layer.metadata[_ID] = uuid4().hex
            elif identity is not None:
                known.add(identity)

    def _follow_names(self) -> None:
        layers = set(self._viewer.layers)
        for layer in layers - self._named:
            layer.events.name.connect(self._name_changed)
        self._named = layers

    def _name_changed(self, _event: Any = None) -> None:
        self._show()
        self.renamed.emit()

    def _selected(self, event: Any) -> None:
        """Choose a photo selected in napari, or the photo of a selected preview or result."""
        layer = getattr(event, "value", None)
        photo = photo_of(layer, self._viewer) or layer
        if photo is not None and photo in self._layers and not is_result(photo):
            self.value = photo

    def close_list(self) -> None:
        """Disconnect from the viewer."""
        self._viewer.layers.selection.events.active.disconnect(self._selected)
        for layer in self._named:
            layer.events.name.disconnect(self._name_changed)
        self._named = set()

    def _choose(self, layer: Any) -> None:
        before, self._value = self._value, layer
        if (before is None) != (layer is None) or (before is not None and before != layer):
            self.changed.emit()

    def _show(self) -> None:
        self.clear()
        self.addItems(
            [f"{layer.name} (result)" if is_result(layer) else layer.name for layer in self._layers]
        )
        self.setCurrentIndex(self._layers.index(self._value) if self._value is not None else -1)
        self.setPlaceholderText("" if self._layers else "Open a photo")
