"""The interface between a batch and rendering: read, render, write. One renderer per process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Protocol

from ...callbacks import Cancel, Gate
from ...photo import Photo
from ...series import SeriesReference
from ..job import Job

__all__ = ["Renderer", "load_renderer"]


class Renderer(Protocol):
    """Reads, renders and writes photos with fixed settings; used by several threads at once.

    It is created by ``callable(job)``.
    """

    def read(self, path: Path) -> Photo:
        """Read a photo."""

    def check(self, photo: Photo, path: Path) -> None:
        """Raise `WriteError`, before rendering, if a rendering of the photo could not be written there."""

    def render(
        self, photo: Photo, seed: int, gate: Gate, cancel: Cancel, series: SeriesReference | None = None
    ) -> Iterator[Photo]:
        """Yield the requested samples; the network runs inside ``gate()``.

        Args:
            photo: returned by `read`.
            seed: of this photo.
            gate: admits one photo at a time to the network.
            cancel: called often; True abandons the photo.
            series: what the frames of the photo's series share; None for photos without a series.
        """

    def write(self, photo: Photo, path: Path, overwrite: bool) -> tuple[str, ...]:
        """Write a rendering, completely or not at all; returns notes on what could not be preserved.

        Raises `OutputExistsError` if a file exists there and ``overwrite`` is False.
        """


def load_renderer(job: Job) -> Renderer:
    """The renderer of a job, named by the job as ``module:callable``; cached for the same job."""
    with _loading:
        return _loaded(job)


_loading = threading.Lock()


@lru_cache(maxsize=1)
def _loaded(job: Job) -> Renderer:
    module, _, attribute = job.renderer.partition(":")
    renderer: Renderer = getattr(import_module(module), attribute)(job)
    return renderer
