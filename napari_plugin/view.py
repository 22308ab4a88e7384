"""What of a layer is on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llflow_photo.explore.region import Region, visible_region

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["PREVIEW_PIXELS", "QUICK_PIXELS", "region_on_screen", "show_at_full_resolution"]

PREVIEW_PIXELS = 1_000_000
"""A preview has at most about this many pixels, whatever the screen."""
QUICK_PIXELS = 90_000
"""The same for thumbnails and for the first, coarse look."""
_CONTEXT = 32
"""Pixels rendered beyond what is visible, so that what is visible does not feel where the rendering ends."""


def region_on_screen(viewer: Viewer, layer: Image, most_pixels: int = PREVIEW_PIXELS) -> Region:
    """The part of ``layer`` that is on screen, at the screen's resolution."""
    height, width = layer_shape(layer)
    corners = np.asarray(layer.corner_pixels, float)[:, -2:]
    if layer.multiscale:
        corners = corners * np.asarray(layer.downsample_factors[layer.data_level])[-2:]
    (top, left), (bottom, right) = corners
    per_pixel = viewer.camera.zoom * float(np.mean(np.abs(np.asarray(layer.scale)[-2:])))
    corners_seen = ((top, left), (bottom + 1, right + 1))
    return visible_region((height, width), corners_seen, per_pixel, most_pixels, _CONTEXT)


def layer_shape(layer: Image) -> tuple[int, int]:
    """Height and width of a layer's picture, in its pixels."""
    data = layer.data[0] if layer.multiscale else layer.data
    across = -2 if layer.rgb else -1
    return int(data.shape[across - 1]), int(data.shape[across])


def show_at_full_resolution(viewer: Viewer, layer: Image) -> None:
    """Zoom in until one pixel of the layer is one pixel of the screen, about the present center."""
    viewer.camera.zoom = 1.0 / float(np.mean(np.abs(np.asarray(layer.scale)[-2:])))
