"""Reader: RAW and common raster files as RGB layers, with their metadata."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llflow_photo.files.sniff import RASTER_SUFFIXES, RAW_SUFFIXES

__all__ = ["get_reader", "read_photos"]

LayerData = tuple[Any, dict[str, Any], str]
Paths = str | os.PathLike[str] | list[str]


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """The reader function if this plugin supports ``path``, decided by the file name's extension only."""
    paths = path if isinstance(path, list) else [path]
    if paths and all(Path(one).suffix.lower() in RAW_SUFFIXES | RASTER_SUFFIXES for one in paths):
        return read_photos
    return None


def read_photos(path: Paths) -> list[LayerData]:
    """Read one or more photos, one RGB layer each.

    In a window, large photos are shown as a preview until their pixels are read, see `opening`.

    Returns:
        for each photo, pixels H x W x 3 float32 (sRGB-encoded, not clipped) or a pyramid of them, the layer's
        arguments, and ``"image"``.

    Raises:
        ReadError: a file cannot be read; the message says why.
    """
    from napari.utils.notifications import show_warning

    from llflow_photo import files

    from .layers import layer_parts
    from .opening import open_in_background

    layers = []
    for one in path if isinstance(path, list) else [path]:
        soon = open_in_background(Path(one))
        if soon is not None:
            layers.append(soon)
            continue
        photo = files.read(Path(one))
        layers.append(layer_parts(photo, Path(one).stem))
        if photo.notes:
            show_warning(f"{Path(one).name}: {' '.join(photo.notes)}")
    return layers
