"""A batch from beginning to end: select, plan, do, record, report."""

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

from ..errors import BatchError, EmptyFolderError
from .cluster.connection import check_backend
from .cluster.run import run_cluster
from .output import is_intact, remove_leftovers
from .recording.manifest import Manifest, Stored, read_manifest
from .recording.page import write_page
from .recording.progress import Progress, Tally
from .recording.record import PhotoRecord
from .recording.report import BatchInterrupted, Report
from .selecting.plan import Plan, make_plan
from .selecting.selection import AN_OUTPUT, Selection, select
from .selecting.series import DEFAULT_MODE, Found, SeriesRules, find_series
from .series_decisions import SeriesDecisions
from .workers.pipeline import Output, run_local
from .workers.placement import place, threads_per_process
from .workers.series_look import look
from .workers.work import Job, Task

__all__ = ["Batch", "run_batch"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Everything a batch is told.

    Attributes:
        inputs: folders and photos.
        selection: what to take of them.
        job: how to render; ``job.root`` is the output folder.
        suffix: of outputs, with its dot.
        series: how series are found; None looks for none.
        settings: for the manifest and the report, plain values.
        version: of the package.
        jobs: processes, or None for as many as fit.
        backend: ``local``, or as of `run_cluster`.
        address: of the cluster.
        force: render again what was done.
        retry_failed: try again what failed for reasons of its own.
        dry_run: only say what would be done.
        progress: told of all that happens.
        cancel: asked several times a second; true stops the batch.
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
    progress: Progress | None = None
    cancel: Callable[[], bool] | None = None


def run_batch(batch: Batch) -> Report:
    """Do a batch.

    Raises:
        EmptyFolderError: there are no photos to take.
        BatchError: another batch writes to the output folder, or its manifest is damaged.
        WorkerError: processes or cluster cannot be started.
        BatchInterrupted: Ctrl-C; it carries the report.
        and what reading inputs and loading the model raise.
    """
    started = time.monotonic()
    root = Path(batch.job.root)
    selection = replace(batch.selection, is_output=_is_output(root, batch.selection.is_output))
    sources, seen = select(batch.inputs, selection)
    if not sources:
        _ensure_reasons(batch, seen)

    found = Found([], []) if batch.series is None else find_series(sources, batch.series)

    def plan(stored: Stored) -> tuple[Plan, SeriesDecisions]:
        rules = batch.series
        mode, development = (rules.mode, rules.development) if rules is not None else (DEFAULT_MODE, "")
        decisions = SeriesDecisions(found, stored.series, mode, development, batch.force)
        flags = batch.force, batch.retry_failed, decisions.shared()
        return make_plan(sources, batch.job, batch.suffix, stored.rows, stored.written, *flags), decisions

    if batch.dry_run:
        planned, _ = plan(read_manifest(root))
        rows = [*seen, *planned.rows, *map(_claim, planned.tasks)]
        return _report(batch, rows, started, dry_run=True)
    check_backend(batch.backend, batch.address)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BatchError(
            f"the output folder {root} cannot be made: {error.strerror or error}; name another"
        ) from error
    with Manifest(root) as manifest:
        manifest.begin_run(batch.version, batch.settings, os.pathsep.join(map(str, batch.inputs)))
        planned, decisions = plan(Stored(manifest.rows, manifest.written, manifest.series))
        local = batch.backend == "local"
        job = replace(
            batch.job,
            root_device=root.stat().st_dev if local else None,
            threads=threads_per_process(),  # a cluster renders with as many, and so the same bytes
        )
        run = _Run(replace(batch, job=job), manifest, planned, seen, started, decisions)
        return run.to_the_end()


def _ensure_reasons(batch: Batch, seen: Sequence[PhotoRecord]) -> None:
    """Where no photo is to be taken, there must be a reason that is worth a report.

    Raises:
        EmptyFolderError: there is none.
    """
    if any(row.status == "failed" or "newer" in row.reason for row in seen):
        return
    given = ", ".join(map(str, batch.inputs))
    if any(row.reason == AN_OUTPUT for row in seen):
        raise EmptyFolderError(f"{given}: nothing but outputs of a batch; copy them elsewhere to take them")
    wanted = " that match" if batch.selection.include or batch.selection.exclude else ""
    raise EmptyFolderError(f"{given}: no photos{wanted}; name a folder that holds some")


def _is_output(root: Path, known: Callable[[Path], bool]) -> Callable[[Path], bool]:
    return lambda folder: known(folder) or folder.resolve() == root


def _claim(task: Task) -> PhotoRecord:
    return PhotoRecord(task.source, "planned", outputs=task.claims, size=task.size, mtime_ns=task.mtime_ns)


class _Run:
    """A batch at work: what came of each photo so far, and why it stopped."""

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
        self._rows = {row.source: row for row in (*seen, *planned.rows)}
        self._stopped = ""
        self._interrupted = False
        self._begun: float | None = None
        total = len(planned.tasks) + len(planned.rows)
        self._tally = Tally(batch.progress, total)
        self._tally.count(planned.rows)
        self._placements = place(batch.job.options.device, batch.jobs, len(planned.tasks))

    def to_the_end(self) -> Report:
        """Do the tasks, then write the report, whatever happened."""
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
        except KeyboardInterrupt as error:  # once more, while the report was written
            raise BatchInterrupted(report) from error
        if self._interrupted:
            raise BatchInterrupted(report)
        return report

    def _prepare(self) -> None:
        claims = [_claim(task) for task in self._tasks.values() if task.known is None]
        failed = [row for row in self._rows.values() if row.status == "failed" and row.size]
        self._record([*claims, *failed])
        self._clean_up()

    def _decide_series(self) -> None:
        """Give each task what it shares with its series; it is stored before anything is rendered with it."""
        batch = self._batch
        jobs = batch.jobs if batch.backend == "local" else None
        cancel = batch.cancel or (lambda: False)
        if not look(self._decisions, self._tasks, batch.job, jobs, self._tally.look, cancel):
            self._stopped = "cancelled"
        records = tuple(self._decisions.records())
        if records != self._manifest.series:
            self._store(lambda: self._manifest.record_series(records))
        shared = self._decisions.shared()
        for source, task in self._tasks.items():
            if source in shared:
                self._tasks[source] = replace(task, series=shared[source].reference)

    def _clean_up(self) -> None:
        """Remove what workers that died left half written."""
        names = [name for row in self._manifest.rows.values() for name in row.outputs]
        remove_leftovers(Path(self._batch.job.root), names)

    def _work(self) -> None:
        with closing(self._outputs()) as outputs:
            for kind, content in outputs:
                if kind == "row":
                    self._take(content)
                elif kind == "stage":
                    self._begun = self._begun or time.monotonic()
                    self._tally.stage(*content)
                elif kind == "back":
                    self._tally.give_back(content)
                if not self._stopped and self._batch.cancel is not None and self._batch.cancel():
                    self._stopped = "cancelled"
                if self._stopped:
                    return

    def _outputs(self) -> Generator[Output, None, None]:
        batch, tasks = self._batch, list(self._tasks.values())
        if batch.backend == "local":
            return run_local(batch.job, tasks, self._placements)
        return run_cluster(batch.job, tasks, batch.backend, batch.address, batch.jobs)

    def _take(self, row: PhotoRecord) -> None:
        """Record a row and tell of it."""
        task = self._tasks[row.source]
        if row.status != "cancelled":
            # What was found unchanged stays what it was, under its new date.
            status = task.known.status if task.known is not None and row.status == "skipped" else row.status
            self._record([replace(row, status=status)])
        self._rows[row.source] = row
        if row.status == "failed":
            _log.info("%s: %s", row.source, row.reason)
        if row.stops:
            self._stopped = row.reason
        self._tally.photo(row)

    def _finish(self, report: Report) -> Report:
        """The report with what is found at the end, and its page written."""
        if self._batch.backend == "local" or not self._stopped:  # a cluster may still be at work
            self._clean_up()
        self._check_outputs()
        self._tally.end()
        report = replace(report, rows=self._all_rows())
        try:
            return replace(report, page=write_page(report))
        except OSError as error:
            _log.error("the report page cannot be written: %s", error)
            return report

    def _report(self) -> Report:
        working = time.monotonic() - self._begun if self._begun is not None else 0.0
        return _report(
            self._batch,
            self._all_rows(),
            self._started,
            stopped=self._stopped,
            working_seconds=working,
            processes=len(self._placements) if self._batch.backend == "local" else 0,
        )

    def _check_outputs(self) -> None:
        """Outputs that someone removed while the batch went on are failures, not successes."""
        root = Path(self._batch.job.root)
        if self._stopped and not os.path.exists(root):
            return  # with its disk, not the outputs alone
        gone = [
            replace(
                row, status="failed", error="WriteError", reason="its output vanished after it was written"
            )
            for row in self._rows.values()
            if row.outputs and row.output_bytes and not is_intact(root, row.outputs, row.output_bytes)
        ]
        self._rows.update((row.source, row) for row in gone)
        if gone:
            self._record(gone)

    def _record(self, rows: Sequence[PhotoRecord]) -> None:
        """Store rows."""
        self._store(lambda: self._manifest.record(rows))

    def _store(self, write: Callable[[], None]) -> None:
        """Write to the manifest; where that cannot be done, nothing more is done."""
        try:
            write()
        except (sqlite3.Error, OSError) as error:
            why = f"the output folder cannot be written to ({error}); free space or attach its disk"
            self._stopped = self._stopped or why
            _log.error("%s", why)

    def _all_rows(self) -> tuple[PhotoRecord, ...]:
        waiting = [_claim(task) for source, task in self._tasks.items() if source not in self._rows]
        return tuple(sorted([*self._rows.values(), *waiting], key=lambda row: row.source))


def _report(batch: Batch, rows: Sequence[PhotoRecord], started: float, **more: Any) -> Report:
    ordered = tuple(sorted(rows, key=lambda row: row.source))
    return Report(ordered, Path(batch.job.root), time.monotonic() - started, settings=batch.settings, **more)
