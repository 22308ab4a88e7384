"""A renderer that reads and writes like real batches and does not change the pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llflow_photo import files
from llflow_photo.api import with_settings_recorded
from llflow_photo.files.provenance import content_hash
from llflow_photo.photo import Photo


class FileRenderer:
    """Keeps the pixels and processes the metadata."""

    def __init__(self, job: Any) -> None:
        self._job = job

    def read(self, path: Path) -> Photo:
        return files.read(path)

    def check(self, photo: Photo, path: Path) -> None:
        files.check_dimensions(path, self._job.encoding, photo.width, photo.height)

    def render(self, photo: Photo, seed: int, gate: Any, cancel: Any, series: Any = None) -> Iterator[Photo]:
        for number in range(self._job.options.samples):
            with gate():
                yield with_settings_recorded(
                    photo, self._job.options, seed + number, content_hash(photo.source)
                )

    def write(self, photo: Photo, path: Path, overwrite: bool) -> tuple[str, ...]:
        return files.write(photo, path, self._job.encoding, overwrite=overwrite)
