"""One photo from file to file: the same function in whatever process or on whatever machine it runs."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import (
    CancelledError,
    FormatError,
    ImageInputError,
    LLFlowPhotoError,
    NonFiniteOutputError,
    OutputExistsError,
    ReadError,
    WriteError,
)
from ...files.metadata.sidecars import sidecars_of
from ...files.provenance import content_hash, made_from
from ...options import Options
from ...series import SeriesReference
from ..recording.identity import photo_seed
from ..recording.measure import look_at, warnings_of
from ..recording.record import PhotoRecord, PhotoStats
from ..selecting.copies import copy_file, is_copy_of, size_of, state_of
from .renderer import Cancel, Renderer

__all__ = ["Job", "Stage", "Task", "Worker", "failure"]

_LASTING = (FormatError, ReadError, ImageInputError, NonFiniteOutputError)
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM}
_log = logging.getLogger(__name__)

Stage = Callable[[str, str], None]


@dataclass(frozen=True)
class Job:
    """What all photos of a batch have in common.

    Attributes:
        renderer: ``module:callable``, see `Renderer`.
        options: how to render; ``seed`` is the user's.
        encoding: how to write, for the renderer.
        raw: how to develop RAW files, for the renderer.
        settings: hash of all that decides the renderings' bytes besides content and model.
        model: SHA-256 of the weights.
        root: the output folder.
        root_device: file system number of the output folder, to notice that its disk is gone; None where it
            means nothing (other machines).
        threads: of the CPU for the network.
        if_darker_than: photos of this exposure or more, in EV, are not rendered; None renders all.
        copy_well_exposed: copy those instead of leaving them alone.
        familiar_ev: exposures that the model knows from training, for a warning; None where unknown.
    """

    renderer: str
    options: Options
    encoding: Any
    raw: Any
    settings: str
    model: str
    root: str
    root_device: int | None = None
    threads: int = 1
    if_darker_than: float | None = None
    copy_well_exposed: bool = False
    familiar_ev: tuple[float, float] | None = None

    def leaves(self, look: PhotoStats | None, series: SeriesReference | None = None) -> bool:
        """Whether a photo that looks like this is well exposed, so that it is not rendered.

        The frames of a series are well exposed together, or none of them is.
        """
        threshold = self.if_darker_than
        if threshold is None or look is None:
            return False
        return (look.exposure_ev if series is None else series.exposure_ev) >= threshold


@dataclass(frozen=True)
class Task:
    """One photo to render.

    Attributes:
        source: its path relative to the input.
        path: where it is.
        size: bytes.
        mtime_ns: modification time, nanoseconds.
        outputs: paths relative to the output folder, one a sample.
        copy: where to copy it if it is well exposed, relative to the output folder; empty where those are not
            copied.
        sidecars: paths of its sidecars, and where to copy each together with the photo.
        sidecar_state: as `Source`.
        notes: on the outputs' names.
        series: what it shares with the other frames of its series; None of photos by themselves.
        replaces: files that may be replaced: their names among those it may write, and the `state_of` each
            when that was decided. A file that appears or changes before the photo is rendered is kept.
        force: whether all files in the way may be replaced, whenever they appear.
        known: the row of an earlier run whose outputs are intact and good if the content is still the same.
    """

    source: str
    path: str
    size: int
    mtime_ns: int
    outputs: tuple[str, ...]
    copy: str
    known: PhotoRecord | None = None
    sidecars: tuple[tuple[str, str], ...] = ()
    sidecar_state: str = ""
    notes: tuple[str, ...] = ()
    series: SeriesReference | None = None
    replaces: tuple[tuple[str, str], ...] = ()
    force: bool = False

    @property
    def copies(self) -> tuple[str, ...]:
        """What is written where it is well exposed and copied."""
        return (self.copy, *(name for _, name in self.sidecars)) if self.copy else ()

    @property
    def claims(self) -> tuple[str, ...]:
        """All that it may write."""
        return (*self.outputs, *self.copies)


class Worker:
    """Does tasks, several at a time in threads; only one of them is in the network.

    Args:
        job: what they have in common.
        renderer: reads, renders, writes.
        stage: told source and stage whenever a photo goes on.
        cancel: asked often; true abandons the photos in hand.
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
        """Do one task. Errors become a failed row: one photo never ends the batch."""
        row = PhotoRecord(task.source, "failed", settings=self._job.settings, model=self._job.model)
        row = replace(row, size=task.size, mtime_ns=task.mtime_ns)
        row = replace(row, series=task.series.key if task.series else "")
        clock = _Clock()
        try:
            with clock("read"):
                row, known = self._identify(task, row)
            return known or self._process(task, row, clock)
        except CancelledError:
            return replace(row, status="cancelled", reason="cancelled")
        except Exception as error:  # the border between one photo and all others
            if not isinstance(error, (LLFlowPhotoError, OSError)):
                _log.exception("%s: unexpected error", task.source)
            return failure(row, error, Path(task.path))

    def _process(self, task: Task, row: PhotoRecord, clock: _Clock) -> PhotoRecord:
        path = Path(task.path)
        with clock("read"):
            photo = self._renderer.read(path)
            self._ensure_unchanged(path, row)
            before = look_at(photo)
        row = replace(row, megapixels=round(photo.width * photo.height / 1e6, 3), before=before)
        row = replace(row, notes=(*photo.notes, *task.notes))
        if self._job.leaves(before, task.series):
            exposure_ev = task.series.exposure_ev if task.series else before.exposure_ev
            return self._well_exposed(task, row, exposure_ev)
        for name in task.outputs:
            self._renderer.check(photo, Path(self._job.root) / name)
        return self._rendered(task, row, photo, clock)

    def _identify(self, task: Task, row: PhotoRecord) -> tuple[PhotoRecord, PhotoRecord | None]:
        """The row with the state and content of the file now; and a row of before that still holds."""
        self._stage(task.source, "reading")
        path = Path(task.path)
        state = path.stat()
        row = replace(row, size=state.st_size, mtime_ns=state.st_mtime_ns, content=content_hash(path))
        row = replace(row, seed=photo_seed(row.content, self._job.options.seed))
        row = replace(row, sidecars=task.sidecar_state, sidecar_content=_content_of_sidecars(path))
        known = task.known
        if known and (known.content, known.sidecar_content) == (row.content, row.sidecar_content):
            same = replace(known, size=row.size, mtime_ns=row.mtime_ns, sidecars=row.sidecars)
            return row, replace(same, status="skipped", reason="done before; only its date changed")
        return row, None

    @staticmethod
    def _ensure_unchanged(path: Path, row: PhotoRecord) -> None:
        state = path.stat()
        if (state.st_size, state.st_mtime_ns) != (row.size, row.mtime_ns):
            raise _ChangedError(f"{path} changed while it was read; run again when it is complete")

    def _rendered(self, task: Task, row: PhotoRecord, photo: Any, clock: _Clock) -> PhotoRecord:
        @contextlib.contextmanager
        def gate() -> Iterator[None]:
            with self._network:
                if self._cancel():
                    raise CancelledError("cancelled")
                self._stage(task.source, "network")
                with clock("network"):
                    yield

        assert row.seed is not None and row.before is not None
        after: list[PhotoStats] = []
        notes, sizes = list(row.notes), []
        renderings = self._renderer.render(photo, row.seed, gate, self._cancel, task.series)
        for name, rendering in zip(task.outputs, renderings, strict=True):
            if self._cancel():
                raise CancelledError("cancelled")
            self._stage(task.source, "writing")
            with clock("write"):
                target = self._target(name)
                written = self._write(rendering, target, _may_replace(task, name, target), row.content)
                notes += [note for note in written if note not in notes]
                sizes.append(size_of(target))
                after.append(look_at(rendering))
        return replace(
            row,
            status="done",
            outputs=task.outputs,
            output_bytes=tuple(sizes),
            notes=tuple(notes),
            seconds=clock.seconds,
            warnings=warnings_of(row.before, after, self._job.familiar_ev),
            after=tuple(after),
        )

    def _write(self, rendering: Any, target: Path, overwrite: bool, content: str) -> tuple[str, ...]:
        """Write a rendering; a result of the same photo, as another worker may have left, is replaced."""
        try:
            return self._renderer.write(rendering, target, overwrite)
        except OutputExistsError:
            if not made_from(target, content):
                raise
            return self._renderer.write(rendering, target, True)

    def _well_exposed(self, task: Task, row: PhotoRecord, exposure_ev: float) -> PhotoRecord:
        reason = f"well exposed ({exposure_ev:+.1f} EV)"
        if not self._job.copy_well_exposed:
            return replace(row, status="left", reason=f"{reason}: left alone")
        sizes = []
        for path, name in ((task.path, task.copy), *task.sidecars):
            original, target = Path(path), self._target(name)
            overwrite = _may_replace(task, name, target) or is_copy_of(target, original)
            sizes.append(copy_file(original, target, overwrite))
        row = replace(row, outputs=task.copies, output_bytes=tuple(sizes))
        return replace(row, status="copied", reason=f"{reason}: copied")

    def _target(self, name: str) -> Path:
        """Where an output goes, its folder made, unless the disk of the output folder is gone."""
        target = Path(self._job.root) / name
        try:
            if not target.parent.is_dir():
                existing = next(folder for folder in target.parents if os.path.exists(folder))
                device = self._job.root_device
                if device is not None and os.stat(existing).st_dev != device:
                    raise _DiskGoneError(f"the disk of {self._job.root} is gone; attach it and run again")
                target.parent.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError as error:  # removed at this moment
            raise WriteError(f"cannot write {target}: its folder vanished; run again") from error
        return target


def _may_replace(task: Task, name: str, target: Path) -> bool:
    return task.force or (name, state_of(target)) in task.replaces


def _content_of_sidecars(path: Path) -> str:
    """SHA-256 over a photo's sidecars; empty without any that can be read."""
    try:
        contents = [content_hash(each) for each in sidecars_of(path)]
    except OSError:
        return ""
    return hashlib.sha256("".join(contents).encode()).hexdigest() if contents else ""


class _ChangedError(LLFlowPhotoError):
    """A photo changed while it was read."""


class _DiskGoneError(WriteError):
    """The disk of the output folder is gone."""


def failure(row: PhotoRecord, error: Exception, path: Path) -> PhotoRecord:
    """A failed row that names the error and says whether it lies in the photo or ends the batch."""
    codes = set()
    cause: BaseException | None = error
    while cause is not None:
        codes.add(getattr(cause, "errno", None))
        cause = cause.__cause__ or cause.__context__
    name = type(error).__name__.lstrip("_")
    if codes & _DISK_FULL:
        reason = "the disk of the output folder is full; free space and run again"
        return replace(row, status="failed", reason=reason, error=name, stops=True)
    if not os.path.exists(path) and not codes & _NOT_ALLOWED:
        reason = f"the photo vanished before it was read: {path}"
        return replace(row, status="failed", reason=reason, error=name)
    stops = isinstance(error, _DiskGoneError)
    lasting = isinstance(error, _LASTING)
    reason = str(error) or name
    if isinstance(error, OSError) and not isinstance(error, LLFlowPhotoError) and error.strerror:
        reason = f"{error.filename or path}: {error.strerror}"
    return replace(row, status="failed", reason=reason, error=name, lasting=lasting, stops=stops)


class _Clock:
    """Adds up the seconds spent in named parts."""

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
