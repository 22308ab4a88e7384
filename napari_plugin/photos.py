"""The pixels of each photo as they are now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .layers import snapshot
from .studio import Subject

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["Photos"]


class Photos:
    """Photos that were worked on.

    Args:
        viewer: napari's viewer.
        edited: called with a photo whose pixels were changed.
    """

    def __init__(self, viewer: Viewer, edited: Callable[[Any], None]) -> None:
        self._viewer = viewer
        self._edited = edited
        self._subjects: dict[Any, Subject] = {}
        self._numbers = 0

    def subject(self, layer: Image) -> Subject:
        """The photo's pixels as they are now.

        Raises:
            ImageInputError: the layer is no picture of gray or RGB.
        """
        if layer not in self._subjects:
            self._numbers += 1
            made = Subject(snapshot(layer, self._viewer.dims.current_step), self._numbers)
            self._subjects[layer] = made
            layer.events.data.connect(self._data_changed)
        return self._subjects[layer]

    def other_pixels(self, layer: Any) -> None:
        """The layer shows other pixels than before."""
        if self._subjects.pop(layer, None) is not None:
            layer.events.data.disconnect(self._data_changed)

    def forget(self, layer: Any) -> None:
        """The layer is gone."""
        self.other_pixels(layer)

    def _data_changed(self, event: Any) -> None:
        self.other_pixels(event.source)
        self._edited(event.source)

    def close(self) -> None:
        """Let go of all layers."""
        for layer in list(self._subjects):
            self.forget(layer)
