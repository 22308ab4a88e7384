"""Side by side: the photo left and its preview right, in two cells of napari's grid, both fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .canvas import CanvasWatch
from .view import camera, fit, grid, sees_all_of

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["SideBySide"]


class SideBySide:
    """Shows a photo and its preview side by side, and restores the viewer afterwards.

    Args:
        viewer: napari's viewer.
        canvas: the viewer's canvas.
        preview_of: returns the preview layer of the current photo.
    """

    def __init__(self, viewer: Viewer, canvas: CanvasWatch, preview_of: Callable[[], Image | None]) -> None:
        self._viewer = viewer
        self._canvas = canvas
        self._preview_of = preview_of
        self._source: Any = None
        self._before: tuple[Any, ...] | None = None
        self._hidden: dict[Any, bool] = {}

    def show(self, source: Image | None) -> None:
        """Show this photo and its preview; None restores the viewer."""
        if source is None:
            self._end()
            return
        if self._before is None:
            self._begin(source)
        for layer in list(self._viewer.layers):
            wanted = layer == source or layer == self._preview_of()
            if layer.visible != wanted:
                self._hidden.setdefault(layer, layer.visible)
                layer.visible = wanted
        self._source = source
        self._put_left(source)

    def _begin(self, source: Image) -> None:
        seen, boxes = camera(self._viewer), grid(self._viewer)
        whole = sees_all_of(self._viewer, source, self._canvas.size)
        self._before = (seen.center, seen.zoom, boxes.shape, boxes.stride, whole)
        boxes.shape, boxes.stride = (1, 2), 1
        boxes.enabled = True
        if whole:
            fit(self._viewer, source, self._canvas.size)

    def _put_left(self, source: Image) -> None:
        """Choose the stride with which napari puts the photo into the left cell."""
        boxes, layers = grid(self._viewer), list(self._viewer.layers)
        index = layers.index(source)
        for stride in (1, -1):
            boxes.stride = stride
            try:
                place = boxes.position(index, self._viewer.layers)
            except TypeError:  # before napari 0.8, it takes the number of layers
                place = boxes.position(index, len(layers))
            if place == (0, 0):
                return

    def _end(self) -> None:
        if self._before is None:
            return
        (center, zoom, shape, stride, whole), self._before = self._before, None
        seen, boxes = camera(self._viewer), grid(self._viewer)
        boxes.enabled = False
        boxes.shape, boxes.stride = shape, stride
        if whole:
            seen.center, seen.zoom = center, zoom
        hidden, self._hidden = self._hidden, {}
        for layer, visible in hidden.items():
            if layer in self._viewer.layers:
                layer.visible = visible
