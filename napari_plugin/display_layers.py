"""Layers for display only, such as previews and maps: adding and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["add_above", "add_on_top", "remove_if_present", "to_screen"]


def to_screen(image: np.ndarray) -> np.ndarray:
    """Convert an image, sRGB-encoded floats in [0, 1], to uint8, which is faster to draw."""
    scaled = image * np.float32(255)
    np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled)
    return scaled.astype(np.uint8)


def add_above(viewer: Viewer, source: Image, data: np.ndarray, name: str, **arguments: Any) -> Image:
    """Add an RGB image directly above its photo without changing the selection.

    Args:
        data: h x w x 3, uint8.
        arguments: for napari's Image.
    """
    from napari.layers import Image

    return _add(viewer, Image(data, rgb=True, name=name, **arguments), viewer.layers.index(source) + 1)


def add_on_top(viewer: Viewer, data: np.ndarray, **arguments: Any) -> Image:
    """Add an image above all others without changing the selection."""
    from napari.layers import Image

    return _add(viewer, Image(data, **arguments), len(viewer.layers))


def _add(viewer: Viewer, made: Image, index: int) -> Image:
    chosen = viewer.layers.selection
    selection, active = set(chosen), chosen.active
    # Nobody learns that napari selects the new layer: its controls would be laid out, and then those of the
    # previous one again, which takes a quarter of the time in which the window does not respond.
    with chosen.events.blocker_all():
        viewer.layers.insert(index, made)
        chosen.clear()
        chosen.update(layer for layer in selection if layer in viewer.layers)
        if active is not None and active in viewer.layers:
            chosen.active = active
    return made


def remove_if_present(viewer: Viewer, layer: Any) -> None:
    """Remove a layer unless it was removed before."""
    if layer is not None and layer in viewer.layers:
        viewer.layers.remove(layer)
