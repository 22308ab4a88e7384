"""Opening large photos without blocking the window: a preview first, then the pixels from a thread.

The layer has the photo's size from the beginning, taken from the file's header. A thread first reads a small
preview, the embedded one if there is one, and then the pixels; until then the layer shows the enlarged
preview. If a live preview is on, the small picture is rendered before the pixels are read: at the same time,
both would take longer.
Other threads that convert the array with numpy, as rendering does, wait for the pixels; the GUI
thread gets the enlarged preview.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.errors import CancelledError
from llflow_photo.photo import Photo

from .layers import SHOW_AS_IS, halvings, layer_parts
from .pending import PendingPixels
from .photo_size import reads_long, size_of
from .small_pictures import small_picture

if TYPE_CHECKING:
    from napari import Viewer

    from .work import Job, Work

__all__ = ["open_in_background", "viewer_of_this_thread"]

_SMALL_SIDE = 768
"""Approximate longest side of the preview."""
_BAR_AFTER_S = 4.0
"""Time after which reading a photo gets a progress bar, which slows down the first previews."""
_TOKEN = "llflow_photo_opening"
_works: list[Work] = []


def open_in_background(path: Path) -> tuple[Any, dict[str, Any], str] | None:
    """Layer data that first shows a preview of a large photo and is filled by a thread.

    Returns:
        None if there is no window, or if the photo is small or its size is unknown: it can be read directly.
    """
    viewer = viewer_of_this_thread()
    size = None if viewer is None else size_of(path)
    if viewer is None or size is None or not reads_long(path, size):
        return None
    levels = [PendingPixels((*shape, 3)) for shape in halvings(size)]
    token = object()
    arguments = {"name": path.stem, "metadata": {_TOKEN: token}, "multiscale": True, **SHOW_AS_IS}
    _read_into(viewer, path, levels, token)
    return levels, arguments, "image"


def viewer_of_this_thread() -> Viewer | None:
    """The current viewer; None if there is no window, or in other threads than the GUI's."""
    from napari import current_viewer
    from qtpy.QtWidgets import QApplication

    if threading.current_thread() is not threading.main_thread() or QApplication.instance() is None:
        return None
    return current_viewer()


def _read_into(viewer: Viewer, path: Path, levels: list[PendingPixels], token: object) -> None:
    from napari.utils.notifications import show_warning

    from llflow_photo import files

    def read(job: Job) -> tuple[Photo, Any]:
        try:
            small = small_picture(path, _SMALL_SIDE, whole=False)
            preview = None if small is None else small.astype(np.float32) / np.float32(255)
            for level in levels:
                level.show(preview)
            if preview is not None:
                job.show(None)
            if job.cancelled():
                raise CancelledError("cancelled")
            if preview is not None:
                levels[0].let_renderings_pass(job.cancelled)
            photo = files.read(path)
            parts = layer_parts(photo, path.stem)
        except BaseException:
            for level in levels:
                level.set(None)
            raise
        made = parts[0] if isinstance(parts[0], list) else [parts[0]]
        for level, pixels in zip(levels, made, strict=False):  # fewer if the size in the header was wrong
            level.set(pixels, parts[1]["metadata"])
        for level in levels[len(made) :]:
            level.set(None)
        return photo, parts

    def shown(_small: None) -> None:
        for layer in _layers_of(viewer, token):
            layer.refresh()

    def done(made: tuple[Photo, Any]) -> None:
        photo, (data, arguments, _) = made
        for layer in _layers_of(viewer, token):
            layer.metadata = {**layer.metadata, **arguments["metadata"]}
            layer.metadata.pop(_TOKEN)
            layer.data = data if isinstance(data, list) else [data]
        if photo.notes:
            show_warning(f"{path.name}: {' '.join(photo.notes)}")

    def removed(event: Any) -> None:
        if event.value.metadata.get(_TOKEN) is token:
            job.cancel()

    def ended() -> None:
        viewer.layers.events.removed.disconnect(removed)
        for layer in _layers_of(viewer, token):  # it could not be read
            viewer.layers.remove(layer)

    viewer.layers.events.removed.connect(removed)
    job = _work().start(
        f"Open {path.name}", read, done, shown=shown, ended=ended,
        bar=True, bar_after=_BAR_AFTER_S, large=True,
    )  # fmt: skip


def _layers_of(viewer: Viewer, token: object) -> list[Any]:
    return [layer for layer in viewer.layers if layer.metadata.get(_TOKEN) is token]


def _work() -> Work:
    """The jobs that read photos, which do not depend on an open panel."""
    from .work import Work

    if not _works:
        _works.append(Work())
    return _works[0]
