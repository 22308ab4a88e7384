"""Run tasks on a cluster, through joblib's backends: Dask, Ray, or any other that is registered.

Only paths and records are sent: every worker must see the photos and the output folder under the same paths,
and loads the model once. The cluster replaces workers that die; their photos are submitted again.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

from ...errors import WorkerError
from ..job import Job, Task
from ..recording.record import PhotoRecord
from ..workers.pipeline import Output
from .connection import Engine, TaskMonitor, connected
from .task import (
    collect_results,
    do_task,
    do_task_to_file,
    has_results,
    is_suspect,
    remove_marks,
    unfinished_starts,
)

__all__ = ["run_cluster"]

MAX_FAILURES = 3
"""Maximum number of successive failures of the engine without progress."""

_log = logging.getLogger(__name__)


def run_cluster(
    job: Job, tasks: Iterable[Task], backend: str, address: str | None, jobs: int | None
) -> Generator[Output, None, None]:
    """Run tasks on a cluster.

    Args:
        backend: ``dask``, ``ray``, or the name of a joblib backend that `check_backend` accepts.
        address: of the cluster's scheduler; None for the cluster this process is connected to, or else for a
            new one on this machine.
        jobs: number of workers of a new cluster on this machine, number of concurrent tasks elsewhere; None
            for all. No more workers are started than there are tasks.

    Yields:
        as in `run_local`.

    Raises:
        OptionError: the backend is unknown or not installed.
        WorkerError: the cluster cannot be reached, or fails repeatedly.
    """
    remaining = {task.source: task for task in tasks}
    remove_marks(job)
    try:
        with connected(backend, address, jobs, len(remaining)) as (engine, monitor):
            failures, work = 0, list(remaining.values())
            before = len(remaining), 0
            while remaining:
                try:
                    yield from _run_once(job, remaining, work, engine, monitor)
                except _EngineError as error:
                    # Beginning a photo again also counts as progress: it is given up after a few attempts.
                    now = len(remaining), sum(unfinished_starts(job, task) for task in remaining.values())
                    failures, before = (failures + 1 if now == before else 0), now
                    if failures > MAX_FAILURES:
                        raise WorkerError(
                            f"the cluster fails repeatedly: {error.__cause__!r}; see its workers' logs"
                        ) from error
                    _log.warning(
                        "the cluster lost workers (%r); submitting the remaining photos again",
                        error.__cause__,
                    )
                    yield "returned", tuple(remaining)
                work = _next(job, remaining)
    finally:
        remove_marks(job)


def _next(job: Job, remaining: Mapping[str, Task]) -> list[Task]:
    """Tasks to submit after a failure of the engine: those that are not suspects, else a single suspect.

    Some engines terminate all their workers when one dies, so that most suspects are not to blame.
    """
    suspected = [task for task in remaining.values() if is_suspect(job, task)]
    return [task for task in remaining.values() if task not in suspected] or suspected[:1]


class _EngineError(Exception):
    """The engine gave up some tasks, which must be submitted again."""


def _run_once(
    job: Job, remaining: dict[str, Task], work: list[Task], engine: Engine, monitor: TaskMonitor
) -> Generator[Output, None, None]:
    """Submit the tasks ``work``; those that are done are removed from ``remaining``."""
    outputs: queue.Queue[Output] = queue.Queue()
    stop = threading.Event()
    # joblib blocks inside its generator, so it runs in a thread, and this one can be stopped at any time.
    arguments = (job, work, engine, outputs, stop)
    monitor.ignore_existing()
    threading.Thread(target=_submit, args=arguments, daemon=True).start()
    try:
        while True:
            for record in collect_results(job):
                if remaining.pop(record.source, None) is not None:
                    yield "result", record
            try:
                kind, content = outputs.get(timeout=0.2)
            except queue.Empty:
                if (error := monitor.lost_task()) is not None:
                    raise _EngineError from error
                yield "idle", None
                continue
            if kind == "stage" or (kind == "result" and remaining.pop(content.source, None) is not None):
                yield kind, content
            elif kind == "error":
                raise _EngineError from content
            elif kind == "end" and not has_results(job):
                return
            elif kind == "end":  # the last results have not been collected yet
                outputs.put((kind, content))
    finally:
        stop.set()


def _submit(
    job: Job,
    tasks: list[Task],
    engine: Engine,
    outputs: queue.Queue[Output],
    stop: threading.Event,
) -> None:
    """Run joblib; put stages and results into ``outputs``, finally ``end`` or an ``error``."""
    from joblib import Parallel, delayed, parallel_config

    do: Callable[[Job, Task], PhotoRecord | None] = do_task

    def calls() -> Iterator[Any]:
        for task in tasks:
            if stop.is_set():
                return
            outputs.put(("stage", (task.source, "handed out")))
            yield delayed(do)(job, task)

    try:
        with parallel_config(**engine()):
            # One photo per task and few submitted tasks: a worker that dies loses little work.
            settings: dict[str, Any] = {"batch_size": 1, "pre_dispatch": "n_jobs + 2"}
            try:
                parallel = Parallel(return_as="generator_unordered", **settings)
            except ValueError:  # this engine returns results only when all tasks are done
                parallel, do = Parallel(**settings), do_task_to_file
            for record in parallel(calls()):
                if record is not None:
                    outputs.put(("result", record))
                if stop.is_set():
                    return
        outputs.put(("end", None))
    except Exception as error:  # engines raise exceptions of their own types
        outputs.put(("error", error))
