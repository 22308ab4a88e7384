"""Tasks to rows on a cluster, through joblib's backends: Dask, Ray, or any other that is registered.

Only paths and rows travel: every worker sees the photos and the output folder under the same paths, and loads
the model once. A worker that dies is the cluster's to replace; its photos are handed out again.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

from ...errors import WorkerError
from ..recording.record import PhotoRecord
from ..workers.pipeline import Output
from ..workers.work import Job, Task
from .connection import Engine, Watch, connected
from .task import do_task, leave_task, left_rows, remove_marks, some_left, starts

__all__ = ["run_cluster"]

MAX_BREAKS = 3
"""How often in a row the engine may give up without a single photo done or begun."""

_log = logging.getLogger(__name__)


def run_cluster(
    job: Job, tasks: Iterable[Task], backend: str, address: str | None, jobs: int | None
) -> Generator[Output, None, None]:
    """Do tasks on a cluster.

    Args:
        backend: ``dask``, ``ray``, or the name of a joblib backend.
        address: of the cluster's scheduler; without one, the cluster this process is connected to, or else
            one started on this machine for the batch.
        jobs: workers of a cluster started here, tasks at a time elsewhere; None for all there are.

    Yields:
        as `run_local`.

    Raises:
        OptionError: the backend is unknown or not installed.
        WorkerError: the cluster cannot be reached, or is lost.
    """
    remaining = {task.source: task for task in tasks}
    remove_marks(job)
    try:
        with connected(backend, address, jobs) as (engine, watch):
            broken, work = 0, list(remaining.values())
            before = len(remaining), 0
            while remaining:
                try:
                    yield from _run_once(job, remaining, work, engine, watch)
                except _BrokenError as error:
                    # A photo begun once more is a step, too: it is given up after a few of them.
                    now = len(remaining), sum(starts(job, task) for task in remaining.values())
                    broken, before = (broken + 1 if now == before else 0), now
                    if broken > MAX_BREAKS:
                        raise WorkerError(
                            f"the cluster fails again and again: {error.__cause__!r}; see its workers' logs"
                        ) from error
                    _log.warning(
                        "the cluster lost workers (%r); handing out again what is left", error.__cause__
                    )
                    yield "back", tuple(remaining)
                work = _next(job, remaining)
    finally:
        remove_marks(job)


def _next(job: Job, remaining: Mapping[str, Task]) -> list[Task]:
    """What to hand out after the engine gave up: photos that were not in hand, or one that was, by itself.

    Some engines end all their workers when one dies, so most photos in hand are bystanders.
    """
    begun = [task for task in remaining.values() if starts(job, task)]
    return [task for task in remaining.values() if task not in begun] or begun[:1]


class _BrokenError(Exception):
    """The engine gave up on some tasks; those not done are still to do."""


def _run_once(
    job: Job, remaining: dict[str, Task], work: list[Task], engine: Engine, watch: Watch
) -> Generator[Output, None, None]:
    """Hand out ``work``; what is done leaves ``remaining``."""
    told: queue.Queue[Output] = queue.Queue()
    stop = threading.Event()
    # joblib waits inside its generator, so it gets a thread, and this one stays free to be stopped.
    given = (job, work, engine, told, stop)
    watch.begin()
    threading.Thread(target=_feed, args=given, daemon=True).start()
    try:
        while True:
            for row in left_rows(job):
                if remaining.pop(row.source, None) is not None:
                    yield "row", row
            try:
                kind, content = told.get(timeout=0.2)
            except queue.Empty:
                if (error := watch.lost_task()) is not None:
                    raise _BrokenError from error
                yield "idle", None
                continue
            if kind == "stage" or (kind == "row" and remaining.pop(content.source, None) is not None):
                yield kind, content
            elif kind == "error":
                raise _BrokenError from content
            elif kind == "end" and not some_left(job):
                return
            elif kind == "end":  # the last rows are still to be collected
                told.put((kind, content))
    finally:
        stop.set()


def _feed(
    job: Job,
    tasks: list[Task],
    engine: Engine,
    told: queue.Queue[Output],
    stop: threading.Event,
) -> None:
    """Run joblib; tell what is handed out and what comes back, then ``end``, or an ``error``."""
    from joblib import Parallel, delayed, parallel_config

    do: Callable[[Job, Task], PhotoRecord | None] = do_task

    def calls() -> Iterator[Any]:
        for task in tasks:
            if stop.is_set():
                return
            told.put(("stage", (task.source, "handed out")))
            yield delayed(do)(job, task)

    try:
        with parallel_config(**engine()):
            # One photo a task, and few of them handed out: what a dying worker loses is little.
            given: dict[str, Any] = {"batch_size": 1, "pre_dispatch": "n_jobs + 2"}
            try:
                parallel = Parallel(return_as="generator_unordered", **given)
            except ValueError:  # this engine tells results only when all are there
                parallel, do = Parallel(**given), leave_task
            for row in parallel(calls()):
                if row is not None:
                    told.put(("row", row))
                if stop.is_set():
                    return
        told.put(("end", None))
    except Exception as error:  # engines have errors of their own kinds
        told.put(("error", error))
