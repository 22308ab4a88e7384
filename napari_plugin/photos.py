"""The current pixels of each photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .layers import full_data, snapshot
from .render_cache import Subject

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["Photos"]


class Photos:
    """The subjects of all photos used so far.

    Args:
        viewer: napari's viewer.
        edited: called with the layer of a photo whose pixels changed.
    """

    def __init__(self, viewer: Viewer, edited: Callable[[Any], None]) -> None:
        self._viewer = viewer
        self._edited = edited
        self._subjects: dict[Any, Subject] = {}
        self._numbers = 0

    def subject(self, layer: Image) -> Subject:
        """The photo with its current pixels.

        Raises:
            ImageInputError: the layer is neither a gray nor an RGB image.
        """
        if layer not in self._subjects:
            self._numbers += 1
            made = Subject(snapshot(layer, self._viewer.dims.current_step), self._numbers)
            self._subjects[layer] = made
            layer.events.data.connect(self._data_changed)
        return self._subjects[layer]

    def other_pixels(self, layer: Any) -> None:
        """Discard the subject of a layer whose pixels changed."""
        if self._subjects.pop(layer, None) is not None:
            layer.events.data.disconnect(self._data_changed)

    def forget(self, layer: Any) -> None:
        """Discard the subject of a removed layer."""
        self.other_pixels(layer)

    def _data_changed(self, event: Any) -> None:
        layer = event.source
        known = self._subjects.get(layer)
        if known is None or not known.snapshot.becomes(full_data(layer)):
            self.other_pixels(layer)
        self._edited(layer)

    def close(self) -> None:
        """Disconnect from all layers."""
        for layer in list(self._subjects):
            self.forget(layer)
