"""Where the view is: fitted, at 100 %, and which region of a photo it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llflow_photo.explore.region import Region

from .canvas import CanvasWatch
from .view import fit, region_on_screen, sees_all_of, show_at_full_resolution, whole_region

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["Looking"]


class Looking:
    """Zooms of the photo that is worked on.

    Args:
        viewer: napari's viewer.
        ask: gives the layer that is worked on; None, after telling the user, where there is none.
        peek: the same without telling.

    Attributes:
        canvas: that the viewer draws on; set before anything is asked.
    """

    canvas: CanvasWatch

    def __init__(self, viewer: Viewer, ask: Callable[[], Any], peek: Callable[[], Any]) -> None:
        self._viewer, self._ask, self._peek = viewer, ask, peek
        self._fitted = False

    def region(self, layer: Image, most_pixels: int) -> Region | None:
        """What of a layer is on screen, scaled down to so many pixels; None where nothing of it is."""
        if not self.canvas.is_drawn:
            return whole_region(layer, most_pixels)
        return region_on_screen(self._viewer, layer, most_pixels, self.canvas.pixel_ratio)

    def fit_beside_the_panel(self) -> None:
        """Once, as the panel took width from the canvas: fit a photo that was seen whole before."""
        if self._fitted:
            return
        self._fitted = True
        layer, (_, height) = self._peek(), self.canvas.size
        if layer is not None and sees_all_of(self._viewer, layer, (10**9, height)):
            fit(self._viewer, layer, self.canvas.size)

    def fit(self) -> None:
        """Show the whole photo."""
        layer = self._ask()
        if layer is not None:
            fit(self._viewer, layer, self.canvas.size)

    def full_resolution(self) -> None:
        """Zoom to 100 %."""
        layer = self._ask()
        if layer is not None:
            show_at_full_resolution(self._viewer, layer, self.canvas.size, self.canvas.pixel_ratio)
