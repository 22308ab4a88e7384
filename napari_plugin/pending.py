"""Pixels that a thread is still reading, and the small picture that stands for them until then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import numpy as np

from llflow_photo.errors import CancelledError, ReadError

__all__ = ["PREVIEWS", "PendingPixels"]

PREVIEWS: WeakSet[Any] = WeakSet()
"""All live previews. While one of them is ``enabled``, reading waits for a rendering of the small picture."""

_PREPARED_PIXELS = 1_200_000
"""Levels up to this size are enlarged in the thread, because napari reads them as a whole."""
_POLL_S = 0.02
"""Interval between checks for cancellation while waiting."""
_BEGINS_WITHIN_S, _ENDS_WITHIN_S = 0.5, 4.0
"""Time within which a rendering of the small picture begins, if a live preview is on; and that it takes."""


class PendingPixels:
    """An array that is being read in another thread, with the part of numpy's interface that napari uses.

    Args:
        shape: height, width, 3.

    Attributes:
        pixels: the array; None until it is set.
        metadata: of the layer, set with the pixels.
    """

    dtype = np.dtype(np.float32)
    ndim = 3

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self.pixels: np.ndarray | None = None
        self.metadata: dict[str, Any] = {}
        self._small: np.ndarray | None = None
        self._preview = np.zeros((1, 1, 3), np.float32)
        self._looked = threading.Event()
        self._there = threading.Event()
        self._renderings = 0
        self._began = threading.Event()
        self._rendered = threading.Event()
        self._rendered.set()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1] * self.shape[2]

    def show(self, preview: np.ndarray | None) -> None:
        """Set the preview, h x w x 3, float32, from which slices are taken; None if there is none."""
        if preview is not None:
            self._small = self._preview = preview
            if self.shape[0] * self.shape[1] <= _PREPARED_PIXELS:
                rows, columns = self._places(preview, slice(None), slice(None))
                self._preview = preview[rows[:, None], columns]
        self._looked.set()

    def _places(self, preview: np.ndarray, down: Any, across: Any) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the preview for rows and columns of the array."""
        return (
            np.arange(self.shape[0])[down] * preview.shape[0] // self.shape[0],
            np.arange(self.shape[1])[across] * preview.shape[1] // self.shape[1],
        )

    def set(self, pixels: np.ndarray | None, metadata: dict[str, Any] | None = None) -> None:
        """Set the pixels; None if they cannot be read."""
        self.pixels = pixels
        self.metadata = metadata or {}
        self._looked.set()
        self._there.set()

    def small(self, cancel: Callable[[], bool] | None = None) -> np.ndarray | None:
        """The preview, h x w x 3, float32, in [0, 1], once it is there; for other threads than the GUI's.

        Returns:
            None if the file has no preview, or if the pixels were set in the meantime.

        Raises:
            CancelledError: ``cancel`` returned true.
        """
        _wait(self._looked, cancel)
        return None if self._there.is_set() else self._small

    @contextmanager
    def rendering(self) -> Iterator[None]:
        """While the small picture is rendered, which `let_renderings_pass` waits for."""
        with self._lock:
            self._renderings += 1
            self._rendered.clear()
            self._began.set()
        try:
            yield
        finally:
            with self._lock:
                self._renderings -= 1
                if not self._renderings:
                    self._rendered.set()

    def let_renderings_pass(self, cancel: Callable[[], bool]) -> None:
        """Wait for a rendering of the small picture, which is visible earlier if nothing is read meanwhile.

        It is waited for at most some seconds, and not at all if no live preview is on.

        Raises:
            CancelledError: ``cancel`` returned true.
        """
        if any(preview.enabled for preview in list(PREVIEWS)):
            _wait(self._began, cancel, _BEGINS_WITHIN_S)
        _wait(self._rendered, cancel, _ENDS_WITHIN_S)

    def wait(self, cancel: Callable[[], bool] | None = None) -> np.ndarray:
        """The pixels, once they are there; for other threads than the GUI's.

        Raises:
            CancelledError: ``cancel`` returned true.
            ReadError: the photo could not be read.
        """
        _wait(self._there, cancel)
        if self.pixels is None:
            raise ReadError("the photo could not be read")
        return self.pixels

    def __getitem__(self, key: Any) -> np.ndarray:
        if self.pixels is not None:
            return np.asarray(self.pixels[key])
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
        if self.pixels is None and threading.current_thread() is threading.main_thread():
            return np.asarray(self[:, :], dtype)
        return np.asarray(self.wait(), dtype)


def _wait(event: threading.Event, cancel: Callable[[], bool] | None, seconds: float = float("inf")) -> None:
    end = time.monotonic() + seconds
    while not event.wait(None if cancel is None else _POLL_S) and time.monotonic() < end:
        if cancel is not None and cancel():
            raise CancelledError
