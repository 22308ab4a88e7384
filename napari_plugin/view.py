"""The visible region of a layer, and zooming to it.

napari 0.9 moved the camera and the grid; `camera` and `grid` find them in every supported version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.explore.region import Region, visible_region

from .layers import full_data, placement

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = [
    "PREVIEW_PIXELS",
    "QUICK_PIXELS",
    "camera",
    "fit",
    "grid",
    "is_at_full_resolution",
    "layer_shape",
    "region_on_screen",
    "scale_of",
    "sees_all_of",
    "show_at_full_resolution",
    "whole_region",
]

PREVIEW_PIXELS = 9_000_000
"""Approximate upper limit of a preview's pixels: slightly more than a screen of 3840 x 2160."""
QUICK_PIXELS = 90_000
"""The same for thumbnails and the first, coarse preview."""
_CONTEXT = 32
"""Margin rendered around the visible region, so that the rendering's edge does not affect it."""
_MARGIN = 0.97
"""Fraction of the canvas that a fitted photo fills."""


def camera(viewer: Viewer) -> Any:
    """The viewer's camera."""
    scene = getattr(viewer, "scene", None)
    return viewer.camera if scene is None else scene.camera


def grid(viewer: Viewer) -> Any:
    """The viewer's grid mode."""
    found = getattr(getattr(viewer, "canvas", None), "grid", None)
    return viewer.grid if found is None else found


def region_on_screen(
    viewer: Viewer, layer: Image, most_pixels: int = PREVIEW_PIXELS, pixel_ratio: float = 1.0
) -> Region | None:
    """The visible region of ``layer``, at the screen's resolution.

    Args:
        most_pixels: approximate maximum number of pixels; larger regions are scaled down.
        pixel_ratio: physical pixels of the screen per logical pixel of the window.

    Returns:
        None if nothing of the layer is visible or it was never drawn.
    """
    height, width = layer_shape(layer)
    factors = layer.downsample_factors[layer.data_level] if layer.multiscale else (1.0, 1.0)
    step = np.asarray(factors, float)[-2:]
    (top, left), (bottom, right) = np.asarray(layer.corner_pixels, float)[:, -2:] * step
    if (bottom <= top and height > 1) or (right <= left and width > 1):
        return None
    corners_seen = ((top, left), (bottom + step[0], right + step[1]))
    physical = camera(viewer).zoom * scale_of(layer) * pixel_ratio
    return visible_region((height, width), corners_seen, physical, most_pixels, _CONTEXT)


def whole_region(layer: Image, most_pixels: int) -> Region:
    """The whole layer, scaled down to about ``most_pixels`` if it has more."""
    height, width = layer_shape(layer)
    return visible_region((height, width), ((0, 0), (height, width)), 1.0, most_pixels)


def layer_shape(layer: Image) -> tuple[int, int]:
    """Height and width of a layer's image, in pixels."""
    data = full_data(layer)
    across = -2 if layer.rgb else -1
    return int(data.shape[across - 1]), int(data.shape[across])


def scale_of(layer: Image) -> float:
    """World units per pixel of a layer, the geometric mean of both axes."""
    return float(np.sqrt(abs(np.linalg.det(placement(layer, (0.0, 0.0), (1.0, 1.0))[:2, :2]))))


def show_at_full_resolution(
    viewer: Viewer, layer: Image, size: tuple[int, int] | None = None, pixel_ratio: float = 1.0
) -> None:
    """Zoom so that one pixel of the layer is one physical pixel of the screen.

    The center of the view is kept if it is in the layer; otherwise the layer's own center is shown.

    Args:
        size: width and height of the canvas, in logical pixels; if given, the layer's pixels are aligned to
            the screen's.
        pixel_ratio: physical pixels per logical pixel of the window.
    """
    seen = camera(viewer)
    seen.zoom = 1.0 / (scale_of(layer) * pixel_ratio)
    extra = (0.0,) * (layer.ndim - 2)
    world = np.asarray(layer.data_to_world((*extra, 0.0, 0.0)), float)
    world[-2:] = seen.center[-2:]
    center = np.asarray(layer.world_to_data(world), float)[-2:]
    shape = np.asarray(layer_shape(layer), float)
    outside = bool(np.any(center < -0.5) or np.any(center > shape - 0.5))
    if outside:
        center = (shape - 1) / 2
    if size is not None:
        half = np.array([round(size[1] * pixel_ratio), round(size[0] * pixel_ratio)]) / 2
        center = np.round(center + 0.5 - half) - 0.5 + half
    if outside or size is not None:
        placed = np.asarray(layer.data_to_world((*extra, *center)), float)[-2:]
        seen.center = (*seen.center[:-2], *(float(at) for at in placed))


def is_at_full_resolution(viewer: Viewer, layer: Image, pixel_ratio: float = 1.0) -> bool:
    """Whether one pixel of the layer is one physical pixel of the screen."""
    return bool(abs(camera(viewer).zoom * scale_of(layer) * pixel_ratio - 1.0) < 1e-6)


def fit(viewer: Viewer, layer: Image, size: tuple[int, int]) -> None:
    """Fit the whole layer into the view.

    Args:
        size: width and height of the canvas, or of one cell in grid mode, in logical pixels.
    """
    low, high = _world_box(layer)
    span = np.maximum(high - low, 1e-9)
    seen = camera(viewer)
    seen.center = (*seen.center[:-2], *(float(at) for at in (low + high) / 2))
    seen.zoom = _MARGIN * float(min(max(1, size[1]) / span[0], max(1, size[0]) / span[1]))


def sees_all_of(viewer: Viewer, layer: Image, size: tuple[int, int]) -> bool:
    """Whether the whole layer is visible."""
    low, high = _world_box(layer)
    seen = camera(viewer)
    half = np.array(size[::-1]) / (2 * seen.zoom)
    center = np.asarray(seen.center[-2:], float)
    return bool(np.all(low >= center - half - 1) and np.all(high <= center + half + 1))


def _world_box(layer: Image) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the layer's bounding box, (y, x) in world units."""
    height, width = layer_shape(layer)
    extra = (0.0,) * (layer.ndim - 2)
    corners = [(y, x) for y in (-0.5, height - 0.5) for x in (-0.5, width - 0.5)]
    world = np.array([np.asarray(layer.data_to_world((*extra, *at)), float)[-2:] for at in corners])
    return world.min(0), world.max(0)
