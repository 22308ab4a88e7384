"""Zooming to fit or to 100 %, and the visible region of a photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llflow_photo.explore.region import Region

from .canvas import CanvasWatch
from .view import fit, region_on_screen, sees_all_of, show_at_full_resolution, whole_region

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["Zoom"]


class Zoom:
    """Zooms to the current photo.

    Args:
        viewer: napari's viewer.
        ask: returns the current photo's layer; if there is none, it shows a message and returns None.
        peek: the same without a message.

    Attributes:
        canvas: the viewer's canvas; to be set before the first call.
    """

    canvas: CanvasWatch

    def __init__(self, viewer: Viewer, ask: Callable[[], Any], peek: Callable[[], Any]) -> None:
        self._viewer, self._ask, self._peek = viewer, ask, peek
        self._fitted = False
        self._fit_again = False

    def region(self, layer: Image, most_pixels: int) -> Region | None:
        """The visible region of a layer, scaled down to at most so many pixels; None if it is not visible."""
        if not self.canvas.is_drawn:
            return whole_region(layer, most_pixels)
        return region_on_screen(self._viewer, layer, most_pixels, self.canvas.pixel_ratio)

    def fit_beside_docks(self) -> None:
        """Fit a photo that was entirely visible before the panel or the filmstrip made the canvas smaller."""
        if self._fit_again:
            self._fit_again = False
            photo = self._peek()
            if photo is not None and not sees_all_of(self._viewer, photo, self.canvas.size):
                fit(self._viewer, photo, self.canvas.size)
        if self._fitted:
            return
        self._fitted = True
        layer, (_, height) = self._peek(), self.canvas.size
        if layer is not None and sees_all_of(self._viewer, layer, (10**9, height)):
            fit(self._viewer, layer, self.canvas.size)

    def stay_fitted(self) -> None:
        """Call this before the canvas becomes smaller: a photo that is entirely visible is fitted again."""
        photo = self._peek()
        self._fit_again = photo is not None and sees_all_of(self._viewer, photo, self.canvas.size)

    def fit(self) -> None:
        """Fit the photo into the view."""
        layer = self._ask()
        if layer is not None:
            fit(self._viewer, layer, self.canvas.size)

    def full_resolution(self) -> None:
        """Zoom to 100 %."""
        layer = self._ask()
        if layer is not None:
            show_at_full_resolution(self._viewer, layer, self.canvas.size, self.canvas.pixel_ratio)
