"""Opening large photos without blocking the window: a preview first, then the pixels from a thread.

The layer has the photo's size from the beginning, taken from the file's header. A thread first reads a small
preview, the embedded one if there is one, and then the pixels; until then the layer shows the enlarged
preview. Other threads that convert the array with numpy, as rendering does, wait for the pixels; the GUI
thread gets the enlarged preview.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.errors import ReadError
from llflow_photo.photo import Photo

from .layers import SHOW_AS_IS, halvings, layer_parts
from .photo_size import LARGE, size_of
from .small_pictures import small_picture

if TYPE_CHECKING:
    from napari import Viewer

    from .work import Job, Work

__all__ = ["PendingPixels", "open_in_background"]

_SMALL_SIDE = 768
"""Approximate longest side of the preview."""
_PREPARED_PIXELS = 1_200_000
"""Levels up to this size are enlarged in the thread, because napari reads them as a whole."""
_TOKEN = "llflow_photo_opening"
_works: list[Work] = []


class PendingPixels:
    """An array that is being read in another thread, with the part of numpy's interface that napari uses.

    Args:
        shape: height, width, 3.
    """

    dtype = np.dtype(np.float32)
    ndim = 3

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self._preview = np.zeros((1, 1, 3), np.float32)
        self._pixels: np.ndarray | None = None
        self._there = threading.Event()

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1] * self.shape[2]

    def show(self, preview: np.ndarray) -> None:
        """Set the preview, h x w x 3, float32, from which slices are taken until the pixels are set."""
        if self.shape[0] * self.shape[1] <= _PREPARED_PIXELS:
            rows, columns = self._places(preview, slice(None), slice(None))
            preview = preview[rows[:, None], columns]
        self._preview = preview

    def _places(self, preview: np.ndarray, down: Any, across: Any) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the preview for rows and columns of the array."""
        return (
            np.arange(self.shape[0])[down] * preview.shape[0] // self.shape[0],
            np.arange(self.shape[1])[across] * preview.shape[1] // self.shape[1],
        )

    def set(self, pixels: np.ndarray | None) -> None:
        """Set the pixels; None if they cannot be read."""
        self._pixels = pixels
        self._there.set()

    def __getitem__(self, key: Any) -> np.ndarray:
        if self._pixels is not None:
            return np.asarray(self._pixels[key])
        key = key if isinstance(key, tuple) else (key,)
        down, across, *rest = (*key, slice(None), slice(None))[:3]
        preview = self._preview
        if preview.shape == self.shape:
            return np.asarray(preview[key])
        rows, columns = self._places(preview, down, across)
        if np.ndim(rows) and np.ndim(columns):
            rows = rows[:, None]
        return np.asarray(preview[rows, columns][..., rest[0] if rest else slice(None)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        # The GUI thread must not wait: newer versions of napari read whole levels when they draw.
        if self._pixels is None and threading.current_thread() is threading.main_thread():
            return np.asarray(self[:, :], dtype)
        self._there.wait()
        if self._pixels is None:
            raise ReadError("the photo could not be read")
        return np.asarray(self._pixels, dtype)


def open_in_background(path: Path) -> tuple[Any, dict[str, Any], str] | None:
    """Layer data that first shows a preview of a large photo and is filled by a thread.

    Returns:
        None if there is no window, or if the photo is small or its size is unknown: it can be read directly.
    """
    viewer = _viewer_of_this_thread()
    size = None if viewer is None else size_of(path)
    if viewer is None or size is None or size[0] * size[1] <= LARGE:
        return None
    levels = [PendingPixels((*shape, 3)) for shape in halvings(size)]
    token = object()
    arguments = {"name": path.stem, "metadata": {_TOKEN: token}, "multiscale": True, **SHOW_AS_IS}
    _read_into(viewer, path, levels, token)
    return levels, arguments, "image"


def _viewer_of_this_thread() -> Viewer | None:
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
            if small is not None:
                for level in levels:
                    level.show(small.astype(np.float32) / np.float32(255))
                job.show(None)
            photo = files.read(path)
            parts = layer_parts(photo, path.stem)
        except BaseException:
            for level in levels:
                level.set(None)
            raise
        made = parts[0] if isinstance(parts[0], list) else [parts[0]]
        for level, pixels in zip(levels, made, strict=False):  # fewer if the size in the header was wrong
            level.set(pixels)
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

    def ended() -> None:
        for layer in _layers_of(viewer, token):  # it could not be read
            viewer.layers.remove(layer)

    _work().start(f"Open {path.name}", read, done, shown=shown, ended=ended, bar=True)


def _layers_of(viewer: Viewer, token: object) -> list[Any]:
    return [layer for layer in viewer.layers if layer.metadata.get(_TOKEN) is token]


def _work() -> Work:
    """The jobs that read photos, which do not depend on an open panel."""
    from .work import Work

    if not _works:
        _works.append(Work())
    return _works[0]
