"""What a batch needs of the rest of the program: read, render, write. One renderer a process, loaded once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...photo import Photo
from ...series import SeriesReference

if TYPE_CHECKING:
    from .work import Job

__all__ = ["Cancel", "Gate", "Renderer", "load_renderer"]

Gate = Callable[[], AbstractContextManager[None]]
"""Gives a context in which the network may run; one photo of a process at a time gets in."""

Cancel = Callable[[], bool]


class Renderer(Protocol):
    """Reads, renders and writes photos with fixed settings. Used by several threads at once.

    Made by ``callable(job)``.
    """

    def read(self, path: Path) -> Photo:
        """Read a photo."""

    def check(self, photo: Photo, path: Path) -> None:
        """Raise `WriteError`, before the work, where a rendering of the photo could not be written there."""

    def render(
        self, photo: Photo, seed: int, gate: Gate, cancel: Cancel, series: SeriesReference | None = None
    ) -> Iterator[Photo]:
        """Yield the samples asked for, inside ``gate()`` whenever the network runs.

        Args:
            photo: what `read` gave.
            seed: the photo's own.
            gate: where the network may run.
            cancel: asked often; true abandons the photo.
            series: what the photo shares with other frames, if it is one of a series.
        """

    def write(self, photo: Photo, path: Path, overwrite: bool) -> tuple[str, ...]:
        """Write a rendering, whole or not at all; returns what could not be kept.

        Raises `OutputExistsError` where a file is there and ``overwrite`` is false.
        """


def load_renderer(job: Job) -> Renderer:
    """The renderer of a job, which names it as ``module:callable``; the same again for the same job."""
    with _loading:
        return _loaded(job)


_loading = threading.Lock()


@lru_cache(maxsize=1)
def _loaded(job: Job) -> Renderer:
    module, _, attribute = job.renderer.partition(":")
    renderer: Renderer = getattr(import_module(module), attribute)(job)
    return renderer
