"""Opening a large photo without a frozen window: a first picture at once, the pixels from a thread.

The layer has the photo's size from the beginning. Until the pixels are there it shows the file's own preview,
enlarged; a thread that asks numpy for the whole array, as a rendering does, waits for the pixels, but for the
window's own thread, which gets the enlarged preview.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.errors import ReadError
from llflow_photo.photo import Photo

from .first_look import FirstLook, first_look
from .layers import SHOW_AS_IS, halvings, layer_parts

if TYPE_CHECKING:
    from napari import Viewer

    from .work import Job, Work

__all__ = ["PendingPixels", "open_soon"]

_TOKEN = "llflow_photo_opening"
_works: list[Work] = []


class PendingPixels:
    """An array that is read in another thread; as much of numpy's interface as napari asks for.

    Args:
        shape: height, width, 3.
        preview: h x w x 3, float32, of the same picture; a piece of the array is cut from it until the pixels
            are there.
    """

    dtype = np.dtype(np.float32)
    ndim = 3

    def __init__(self, shape: tuple[int, int, int], preview: np.ndarray) -> None:
        self.shape = shape
        self._preview = preview
        self._pixels: np.ndarray | None = None
        self._there = threading.Event()

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1] * self.shape[2]

    def set(self, pixels: np.ndarray | None) -> None:
        """The pixels are there, or will never be."""
        self._pixels = pixels
        self._there.set()

    def __getitem__(self, key: Any) -> np.ndarray:
        if self._pixels is not None:
            return np.asarray(self._pixels[key])
        key = key if isinstance(key, tuple) else (key,)
        down, across, *rest = (*key, slice(None), slice(None))[:3]
        rows = np.arange(self.shape[0])[down] * self._preview.shape[0] // self.shape[0]
        columns = np.arange(self.shape[1])[across] * self._preview.shape[1] // self.shape[1]
        if np.ndim(rows) and np.ndim(columns):
            rows = rows[:, None]
        return np.asarray(self._preview[rows, columns][..., rest[0] if rest else slice(None)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        # The window's thread must not wait: newer versions of napari ask for whole levels when they draw.
        if not self._there.is_set() and threading.current_thread() is threading.main_thread():
            return np.asarray(self[:, :], dtype)
        self._there.wait()
        if self._pixels is None:
            raise ReadError("the photo could not be read")
        return np.asarray(self._pixels, dtype)


def open_soon(path: Path) -> tuple[Any, dict[str, Any], str] | None:
    """A layer's data that shows a first picture of a large photo, its pixels to follow.

    Returns:
        None where there is no window to keep alive, or where the photo is small or odd: read it outright.
    """
    viewer = _viewer_of_this_thread()
    look = None if viewer is None else first_look(path)
    if viewer is None or look is None:
        return None
    levels = _levels(look)
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


def _levels(look: FirstLook) -> list[PendingPixels]:
    preview = np.zeros((8, 8, 3), np.float32)
    if look.image is not None:
        preview = look.image.astype(np.float32) / np.float32(255)
    return [PendingPixels((*shape, 3), preview) for shape in halvings(look.shape)]


def _read_into(viewer: Viewer, path: Path, levels: list[PendingPixels], token: object) -> None:
    from napari.utils.notifications import show_warning

    from llflow_photo import files

    def read(job: Job) -> tuple[Photo, Any]:
        try:
            photo = files.read(path)
            parts = layer_parts(photo, path.stem)
        except BaseException:
            for level in levels:
                level.set(None)
            raise
        made = parts[0] if isinstance(parts[0], list) else [parts[0]]
        for number, level in enumerate(levels):
            level.set(made[number] if number < len(made) else None)
        return photo, parts

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

    _work().start(f"Open {path.name}", read, done, ended=ended, bar=True)


def _layers_of(viewer: Viewer, token: object) -> list[Any]:
    return [layer for layer in viewer.layers if layer.metadata.get(_TOKEN) is token]


def _work() -> Work:
    """Reading goes on whether or not a panel is open."""
    from .work import Work

    if not _works:
        _works.append(Work())
    return _works[0]
