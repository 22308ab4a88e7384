"""Layers for display only, such as previews and maps: adding and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["add_above", "add_in_turns", "add_on_top", "remove_if_present", "to_screen"]


_NEXT_TURN_MS = 1


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


def add_in_turns(viewer: Viewer, data: Any, **arguments: Any) -> Image:
    """Add an image above all others and select it, as ``add_image`` does, in several turns of the window.

    It is drawn in the next turn and selected in the one after that, because all together would block the
    window too long.
    """
    made = add_on_top(viewer, data, visible=False, **arguments)

    def show() -> None:
        if made in viewer.layers:
            made.visible = True
            QTimer.singleShot(_NEXT_TURN_MS, select)

    def select() -> None:
        if made in viewer.layers:
            viewer.layers.selection.active = made

    QTimer.singleShot(_NEXT_TURN_MS, show)
    return made


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
