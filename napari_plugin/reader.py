"""Reader: RAW and common raster files as RGB layers, with their metadata."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.files.sniff import RASTER_SUFFIXES, RAW_SUFFIXES

__all__ = ["get_reader", "read_photos", "with_name"]

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

    In a window, large photos are shown as a preview until their pixels are read, see `opening`, and errors
    are shown as notifications, too.

    Returns:
        for each photo, pixels H x W x 3 float32 (sRGB-encoded, not clipped) or a pyramid of them, the layer's
        arguments, and ``"image"``.

    Raises:
        ReadError: a file cannot be read; the message says why.
    """
    from napari.utils.notifications import show_error

    from .opening import viewer_of_this_thread

    layers = []
    for one in path if isinstance(path, list) else [path]:
        try:
            layers.append(_read(Path(one)))
        except LLFlowPhotoError as error:
            if viewer_of_this_thread() is not None:  # napari's own message does not give the reason
                show_error(with_name(Path(one).name, str(error)))
            raise
    return layers


def _read(path: Path) -> LayerData:
    from napari.utils.notifications import show_warning

    from llflow_photo import files

    from .layers import layer_parts
    from .opening import open_in_background

    soon = open_in_background(path)
    if soon is not None:
        return soon
    photo = files.read(path)
    if photo.notes:
        show_warning(f"{path.name}: {' '.join(photo.notes)}")
    return layer_parts(photo, path.stem)


def with_name(name: str, reason: str) -> str:
    """A message about a file, with the file's name in front unless the message contains it."""
    return reason if name in reason else f"{name}: {reason}"
