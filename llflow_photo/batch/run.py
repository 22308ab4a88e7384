"""A batch from beginning to end: select, plan, render, record, report."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..callbacks import Cancel
from ..errors import BatchError, EmptyFolderError
from ..paths import resolved
from .cluster.connection import check_backend
from .cluster.run import run_cluster
from .job import Job, Task
from .output import is_intact, remove_leftovers
from .recording.manifest import Manifest, Stored, read_manifest, why_not_written
from .recording.page import write_page
from .recording.progress import EventCallback, Tally
from .recording.record import PhotoRecord
from .recording.report import BatchInterrupted, Report
from .selecting.plan import Plan, make_plan
from .selecting.selection import EARLIER_OUTPUT, Selection, select
from .selecting.series import DEFAULT_MODE, FoundSeries, SeriesRules, find_series
from .series_decisions import SeriesDecisions
from .workers.pipeline import Output, run_local
from .workers.placement import check_jobs, place, threads_per_process
from .workers.series_frames import read_frames

__all__ = ["Batch", "run_batch"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """All parameters of a batch.

    Attributes:
        inputs: folders and photos.
        selection: which photos to take.
        job: how to render; ``job.root`` is the output folder.
        suffix: file name suffix of outputs, including the dot.
        series: how series are found; None finds none.
        settings: plain values for the manifest and the report.
        version: of the package.
        jobs: number of processes, or None for as many as fit.
        backend: ``local``, or as in `run_cluster`.
        address: of the cluster.
        force: render photos again that are done.
        retry_failed: try photos again whose failure was caused by the photo.
        dry_run: only report what would be done.
        progress: called with every `Event`.
        cancel: called several times a second; True stops the batch.
    """

    inputs: tuple[Path, ...]
    selection: Selection
    job: Job
    suffix: str
    series: SeriesRules | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    jobs: int | None = None
    backend: str = "local"
    address: str | None = None
    force: bool = False
    retry_failed: bool = False
    dry_run: bool = False
    progress: EventCallback | None = None
    cancel: Cancel | None = None


def run_batch(batch: Batch) -> Report:
    """Run a batch.

    Raises:
        OptionError: the backend or the number of processes is invalid.
        EmptyFolderError: there are no photos to take.
        BatchError: another batch is writing to the output folder, its manifest is damaged, or it cannot be
            written to.
        WorkerError: the processes or the cluster cannot be started.
        BatchInterrupted: Ctrl-C; it has the report as an attribute.
        and any error of listing the inputs and loading the model.
    """
    started = time.monotonic()
    check_backend(batch.backend, batch.address)
    check_jobs(batch.jobs)
    root = Path(batch.job.root)
    selection = replace(batch.selection, is_output=_is_output(root, batch.selection.is_output))
    sources, seen = select(batch.inputs, selection)
    if not sources:
        _ensure_reasons(batch, seen)

    found = FoundSeries([], []) if batch.series is None else find_series(sources, batch.series)

    def plan(stored: Stored) -> tuple[Plan, SeriesDecisions]:
        rules = batch.series
        mode, basis = (rules.mode, rules.basis) if rules is not None else (DEFAULT_MODE, "")
        decisions = SeriesDecisions(found, stored.series, mode, basis, batch.force)
        flags = batch.force, batch.retry_failed, decisions.shared()
        return make_plan(sources, batch.job, batch.suffix, stored.records, stored.written, *flags), decisions

    if batch.dry_run:
        planned, _ = plan(read_manifest(root))
        records = [*seen, *planned.records, *map(_claim, planned.tasks)]
        return _report(batch, records, started, dry_run=True)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BatchError(
            f"the output folder {root} cannot be created: {error.strerror or error}; name another"
        ) from error
    with Manifest(root) as manifest:
        manifest.begin_run(batch.version, batch.settings, os.pathsep.join(map(str, batch.inputs)))
        planned, decisions = plan(Stored(manifest.records, manifest.written, manifest.series))
        local = batch.backend == "local"
        job = replace(
            batch.job,
            root_device=root.stat().st_dev if local else None,
            threads=threads_per_process(),  # the same on a cluster, so that the output bytes are the same
        )
        run = _Run(replace(batch, job=job), manifest, planned, seen, started, decisions)
        return run.run()


def _ensure_reasons(batch: Batch, seen: Sequence[PhotoRecord]) -> None:
    """Check, where there are no photos to take, that there is a reason worth a report.

    Raises:
        EmptyFolderError: there is no such reason.
    """
    if any(record.status == "failed" or "newer" in record.reason for record in seen):
        return
    given = ", ".join(map(str, batch.inputs))
    if any(record.reason == EARLIER_OUTPUT for record in seen):
        raise EmptyFolderError(
            f"{given} contains only outputs of a batch; copy them to another folder to enhance them"
        )
    if filters := _filters(batch.selection):
        raise EmptyFolderError(
            f"{given} contains no photos that match the filters ({', '.join(filters)}); change them, or name "
            "another folder"
        )
    raise EmptyFolderError(f"{given} contains no photos; name a folder with photos")


def _filters(selection: Selection) -> list[str]:
    """The rules that may have left out all photos, by the names of their arguments."""
    patterns = {"include": selection.include, "exclude": selection.exclude}
    filters = [f"{name} {' '.join(map(repr, given))}" for name, given in patterns.items() if given]
    if selection.newer_than is not None:
        filters.append("newer_than")
    if not selection.recursive:
        filters.append("recursive=False")
    return filters


def _is_output(root: Path, known: Callable[[Path], bool]) -> Callable[[Path], bool]:
    return lambda folder: known(folder) or resolved(folder) == root


def _claim(task: Task) -> PhotoRecord:
    return PhotoRecord(task.source, "planned", outputs=task.claims, size=task.size, mtime_ns=task.mtime_ns)


class _Run:
    """A running batch: the record of each photo so far, and why the batch was stopped."""

    def __init__(
        self,
        batch: Batch,
        manifest: Manifest,
        planned: Plan,
        seen: Sequence[PhotoRecord],
        started: float,
        decisions: SeriesDecisions,
    ) -> None:
        self._batch, self._manifest, self._started = batch, manifest, started
        self._decisions = decisions
        self._tasks = {task.source: task for task in planned.tasks}
        self._records = {record.source: record for record in (*seen, *planned.records)}
        self._stopped = ""
        self._interrupted = False
        self._begun: float | None = None
        total = len(planned.tasks) + len(planned.records)
        self._tally = Tally(batch.progress, total)
        self._tally.count(planned.records)
        self._placements = place(batch.job.options.device, batch.jobs, len(planned.tasks))

    def run(self) -> Report:
        """Run the tasks, then write the report, whatever happened."""
        try:
            self._prepare()
            self._tally.start()
            self._decide_series()
            if self._tasks and not self._stopped:
                self._work()
        except KeyboardInterrupt:
            self._interrupted, self._stopped = True, "interrupted"
        report = self._report()
        try:
            report = self._finish(report)
        except KeyboardInterrupt as error:  # a second Ctrl-C, while the report was written
            raise BatchInterrupted(report) from error
        if self._interrupted:
            raise BatchInterrupted(report)
        return report

    def _prepare(self) -> None:
        claims = [_claim(task) for task in self._tasks.values() if task.known is None]
        failed = [record for record in self._records.values() if record.status == "failed" and record.size]
        self._record([*claims, *failed])
        self._clean_up()

    def _decide_series(self) -> None:
        """Add the series reference to each task; it is stored before anything is rendered with it."""
        batch = self._batch
        jobs = batch.jobs if batch.backend == "local" else None
        cancel = batch.cancel or (lambda: False)
        if not read_frames(self._decisions, self._tasks, batch.job, jobs, self._tally.series_frame, cancel):
            self._stopped = "cancelled"
        records = tuple(self._decisions.records())
        if records != self._manifest.series:
            self._store(lambda: self._manifest.record_series(records))
        shared = self._decisions.shared()
        for source, task in self._tasks.items():
            if source in shared:
                self._tasks[source] = replace(task, series=shared[source].reference)

    def _clean_up(self) -> None:
        """Remove temporary files of workers that died."""
        names = [name for record in self._manifest.records.values() for name in record.outputs]
        remove_leftovers(Path(self._batch.job.root), names)

    def _work(self) -> None:
        with closing(self._outputs()) as outputs:
            for kind, content in outputs:
                if kind == "result":
                    self._add_result(content)
                elif kind == "stage":
                    self._begun = self._begun or time.monotonic()
                    self._tally.stage(*content)
                elif kind == "returned":
                    self._tally.returned(content)
                if not self._stopped and self._batch.cancel is not None and self._batch.cancel():
                    self._stopped = "cancelled"
                if self._stopped:
                    return

    def _outputs(self) -> Generator[Output, None, None]:
        batch, tasks = self._batch, list(self._tasks.values())
        if batch.backend == "local":
            return run_local(batch.job, tasks, self._placements)
        return run_cluster(batch.job, tasks, batch.backend, batch.address, batch.jobs)

    def _add_result(self, record: PhotoRecord) -> None:
        """Store the record of a photo and report progress."""
        task = self._tasks[record.source]
        if record.status != "cancelled":
            # An unchanged photo keeps its earlier status, with the new modification time.
            status = (
                task.known.status if task.known is not None and record.status == "skipped" else record.status
            )
            self._record([replace(record, status=status)])
        self._records[record.source] = record
        if record.status == "failed":
            _log.info("%s: %s", record.source, record.reason)
        if record.stops:
            self._stopped = record.reason
        self._tally.photo(record)

    def _finish(self, report: Report) -> Report:
        """The report after the final checks, with its page written."""
        if self._batch.backend == "local" or not self._stopped:  # workers of a cluster may still be running
            self._clean_up()
        self._check_outputs()
        self._tally.end()
        report = replace(report, rows=self._all_records())
        try:
            return replace(report, page=write_page(report))
        except OSError as error:
            _log.error("the report page cannot be written: %s", error)
            return report

    def _report(self) -> Report:
        working = time.monotonic() - self._begun if self._begun is not None else 0.0
        return _report(
            self._batch,
            self._all_records(),
            self._started,
            stopped=self._stopped,
            working_seconds=working,
            processes=len(self._placements) if self._batch.backend == "local" else 0,
        )

    def _check_outputs(self) -> None:
        """Count photos as failed whose outputs were deleted while the batch was running."""
        root = Path(self._batch.job.root)
        if self._stopped and not os.path.exists(root):
            return  # the disk was removed, not single outputs
        deleted = [
            replace(
                record,
                status="failed",
                error="WriteError",
                reason="its output was deleted or changed after it was written",
            )
            for record in self._records.values()
            if record.outputs
            and record.output_bytes
            and not is_intact(root, record.outputs, record.output_bytes)
        ]
        self._records.update((record.source, record) for record in deleted)
        if deleted:
            self._record(deleted)

    def _record(self, records: Sequence[PhotoRecord]) -> None:
        """Store records."""
        self._store(lambda: self._manifest.record(records))

    def _store(self, write: Callable[[], None]) -> None:
        """Write to the manifest; an error stops the batch."""
        try:
            write()
        except (sqlite3.Error, OSError, BatchError) as error:
            is_message = isinstance(error, BatchError)
            reason = str(error) if is_message else why_not_written(Path(self._batch.job.root), error)
            self._stopped = self._stopped or reason
            _log.error("%s", reason)

    def _all_records(self) -> tuple[PhotoRecord, ...]:
        waiting = [_claim(task) for source, task in self._tasks.items() if source not in self._records]
        return tuple(sorted([*self._records.values(), *waiting], key=lambda record: record.source))


def _report(batch: Batch, records: Sequence[PhotoRecord], started: float, **more: Any) -> Report:
    ordered = tuple(sorted(records, key=lambda record: record.source))
    return Report(ordered, Path(batch.job.root), time.monotonic() - started, settings=batch.settings, **more)
