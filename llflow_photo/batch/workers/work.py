"""Render one photo from file to file; the same code runs in every process and on every machine."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...callbacks import Cancel
from ...errors import (
    CancelledError,
    FormatError,
    ImageInputError,
    LLFlowPhotoError,
    NonFiniteOutputError,
    OutputExistsError,
    ReadError,
)
from ...files.metadata.sidecars import sidecars_of
from ...files.provenance import content_hash, made_from
from ..job import Job, Stage, Task
from ..recording.identity import photo_seed
from ..recording.measure import photo_stats, warnings_of
from ..recording.record import PhotoRecord, PhotoStats
from ..selecting.copies import copy_file, is_copy_of, size_of, state_of
from .renderer import Renderer
from .target import DiskGoneError, check_target, target_of

__all__ = ["Worker", "failure"]

_LASTING = (FormatError, ReadError, ImageInputError, NonFiniteOutputError)
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM}
_log = logging.getLogger(__name__)


class Worker:
    """Runs tasks, several at a time in threads; only one of them runs the network.

    Args:
        job: settings shared by all tasks.
        renderer: reads, renders and writes.
        stage: called with source and stage whenever a photo reaches another stage.
        cancel: called often; True abandons the photos in progress.
    """

    def __init__(
        self,
        job: Job,
        renderer: Renderer,
        stage: Stage = lambda source, stage: None,
        cancel: Cancel = lambda: False,
    ) -> None:
        self._job, self._renderer, self._stage, self._cancel = job, renderer, stage, cancel
        self._network = threading.Lock()

    def __call__(self, task: Task) -> PhotoRecord:
        """Run one task. Errors become a failed record, so that one photo never ends the batch."""
        record = PhotoRecord(task.source, "failed", settings=self._job.settings, model=self._job.model)
        record = replace(record, size=task.size, mtime_ns=task.mtime_ns)
        record = replace(record, series=task.series.key if task.series else "")
        clock = _Clock()
        try:
            with clock("read"):
                record, known = self._identify(task, record)
            return known or self._process(task, record, clock)
        except CancelledError:
            return replace(record, status="cancelled", reason="cancelled")
        except Exception as error:  # an error of one photo must not affect the others
            if not isinstance(error, (LLFlowPhotoError, OSError)):
                _log.exception("%s: unexpected error", task.source)
            return failure(record, error, Path(task.path))

    def _process(self, task: Task, record: PhotoRecord, clock: _Clock) -> PhotoRecord:
        path = Path(task.path)
        with clock("read"):
            photo = self._renderer.read(path)
            self._ensure_unchanged(path, record)
            before = photo_stats(photo)
        record = replace(record, megapixels=round(photo.width * photo.height / 1e6, 3), before=before)
        record = replace(record, notes=(*photo.notes, *task.notes))
        if self._job.is_well_exposed(before, task.series):
            exposure_ev = task.series.exposure_ev if task.series else before.exposure_ev
            return self._well_exposed(task, record, exposure_ev)
        for name in task.outputs:
            check_target(self._job, name)
            self._renderer.check(photo, Path(self._job.root) / name)
        return self._rendered(task, record, photo, clock)

    def _identify(self, task: Task, record: PhotoRecord) -> tuple[PhotoRecord, PhotoRecord | None]:
        """The record with the current state of the file; and an earlier record if it is still valid."""
        self._stage(task.source, "reading")
        path = Path(task.path)
        state = path.stat()
        record = replace(record, size=state.st_size, mtime_ns=state.st_mtime_ns, content=content_hash(path))
        record = replace(record, seed=photo_seed(record.content, self._job.options.seed))
        record = replace(record, sidecars=task.sidecar_state, sidecar_content=_content_of_sidecars(path))
        known = task.known
        if known and (known.content, known.sidecar_content) == (record.content, record.sidecar_content):
            same = replace(known, size=record.size, mtime_ns=record.mtime_ns, sidecars=record.sidecars)
            return record, replace(same, status="skipped", reason="done before; only its date changed")
        return record, None

    @staticmethod
    def _ensure_unchanged(path: Path, record: PhotoRecord) -> None:
        state = path.stat()
        if (state.st_size, state.st_mtime_ns) != (record.size, record.mtime_ns):
            raise _ChangedError(f"{path} changed while it was read; run again when it is complete")

    def _rendered(self, task: Task, record: PhotoRecord, photo: Any, clock: _Clock) -> PhotoRecord:
        @contextlib.contextmanager
        def gate() -> Iterator[None]:
            with self._network:
                if self._cancel():
                    raise CancelledError("cancelled")
                self._stage(task.source, "network")
                with clock("network"):
                    yield

        assert record.seed is not None and record.before is not None
        after: list[PhotoStats] = []
        notes, sizes = list(record.notes), []
        renderings = self._renderer.render(photo, record.seed, gate, self._cancel, task.series)
        for name, rendering in zip(task.outputs, renderings, strict=True):
            if self._cancel():
                raise CancelledError("cancelled")
            self._stage(task.source, "writing")
            with clock("write"):
                target = target_of(self._job, name)
                written = self._write(rendering, target, _may_replace(task, name, target), record.content)
                notes += [note for note in written if note not in notes]
                sizes.append(size_of(target))
                after.append(photo_stats(rendering))
        return replace(
            record,
            status="done",
            outputs=task.outputs,
            output_bytes=tuple(sizes),
            notes=tuple(notes),
            seconds=clock.seconds,
            warnings=warnings_of(record.before, after, self._job.training_ev),
            after=tuple(after),
        )

    def _write(self, rendering: Any, target: Path, overwrite: bool, content: str) -> tuple[str, ...]:
        """Write a rendering; an existing result of the same photo, perhaps of another worker, is replaced."""
        try:
            return self._renderer.write(rendering, target, overwrite)
        except OutputExistsError:
            if not made_from(target, content):
                raise
            return self._renderer.write(rendering, target, True)

    def _well_exposed(self, task: Task, record: PhotoRecord, exposure_ev: float) -> PhotoRecord:
        reason = f"well exposed ({exposure_ev:+.1f} EV)"
        if not self._job.copy_well_exposed:
            return replace(record, status="left", reason=f"{reason}: left alone")
        sizes = []
        for path, name in ((task.path, task.copy), *task.sidecars):
            original, target = Path(path), target_of(self._job, name)
            overwrite = _may_replace(task, name, target) or is_copy_of(target, original)
            sizes.append(copy_file(original, target, overwrite))
        record = replace(record, outputs=task.copies, output_bytes=tuple(sizes))
        return replace(record, status="copied", reason=f"{reason}: copied")


def _may_replace(task: Task, name: str, target: Path) -> bool:
    return task.force or (name, state_of(target)) in task.replaces


def _content_of_sidecars(path: Path) -> str:
    """SHA-256 of a photo's sidecars; empty if none can be read."""
    try:
        contents = [content_hash(each) for each in sidecars_of(path)]
    except OSError:
        return ""
    return hashlib.sha256("".join(contents).encode()).hexdigest() if contents else ""


class _ChangedError(LLFlowPhotoError):
    """A photo changed while it was read."""


def failure(record: PhotoRecord, error: Exception, path: Path) -> PhotoRecord:
    """A failed record with the error, whether the photo itself caused it, and whether it stops the batch."""
    error_numbers = set()
    cause: BaseException | None = error
    while cause is not None:
        error_numbers.add(getattr(cause, "errno", None))
        cause = cause.__cause__ or cause.__context__
    name = type(error).__name__.lstrip("_")
    if error_numbers & _DISK_FULL:
        reason = "the disk of the output folder is full; free space and run again"
        return replace(record, status="failed", reason=reason, error=name, stops=True)
    if not os.path.exists(path) and not error_numbers & _NOT_ALLOWED:
        reason = f"the photo was deleted before it was read: {path}"
        return replace(record, status="failed", reason=reason, error=name)
    stops = isinstance(error, DiskGoneError)
    lasting = isinstance(error, _LASTING) and not error_numbers & _NOT_ALLOWED
    reason = str(error) or name
    if isinstance(error, OSError) and not isinstance(error, LLFlowPhotoError) and error.strerror:
        reason = _reason_of_system(error, path)
    return replace(record, status="failed", reason=reason, error=name, lasting=lasting, stops=stops)


def _reason_of_system(error: OSError, path: Path) -> str:
    where = Path(str(error.filename)) if error.filename else path
    if not isinstance(error, PermissionError):
        return f"{where}: {error.strerror}"
    if where == path:
        return "the photo may not be read; check its permissions"
    return f"{where} may not be accessed; check its permissions"


class _Clock:
    """Sums up the seconds spent in named parts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = self.seconds.get(part, 0.0) + time.perf_counter() - start
            self.seconds[part] = round(spent, 4)
