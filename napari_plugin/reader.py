"""Reader: RAW and common raster files as RGB layers, their metadata kept for saving."""

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
    """Whether this plugin reads ``path``, judged by the file's ending alone, so that the answer is quick."""
    paths = path if isinstance(path, list) else [path]
    if paths and all(Path(one).suffix.lower() in RAW_SUFFIXES | RASTER_SUFFIXES for one in paths):
        return read_photos
    return None


def read_photos(path: Paths) -> list[LayerData]:
    """Read one photo or several, one RGB layer each.

    In a window, large photos come as a first picture at once, and their pixels follow, see `opening`.

    Returns:
        for each, pixels H x W x 3 float32 (sRGB-encoded, not clipped) or a pyramid of them, the layer's
        arguments, ``"image"``.

    Raises:
        ReadError: a file cannot be read; the message says why.
    """
    from napari.utils.notifications import show_warning

    from llflow_photo import files

    from .layers import layer_parts
    from .opening import open_soon

    layers = []
    for one in path if isinstance(path, list) else [path]:
        soon = open_soon(Path(one))
        if soon is not None:
            layers.append(soon)
            continue
        photo = files.read(Path(one))
        layers.append(layer_parts(photo, Path(one).stem))
        if photo.notes:
            show_warning(f"{Path(one).name}: {' '.join(photo.notes)}")
    return layers
