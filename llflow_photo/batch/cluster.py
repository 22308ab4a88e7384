"""Tasks to rows on a cluster, through joblib's backends: Dask, Ray, or any other that is registered.

Only paths and rows travel: every worker sees the photos and the output folder under the same paths, and loads
the model once. A worker that dies is the cluster's to replace; its photos are handed out again. A photo is
marked in the output folder while it is in hand, so that one that kills worker after worker is found and given
up.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import queue
import secrets
import shutil
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import WorkerError
from .connection import Watch, connected
from .output import MARKS
from .pipeline import Output, died
from .renderer import load_renderer
from .row import Row
from .work import Job, Task, Worker

__all__ = ["run_cluster"]

MAX_STARTS = 3
"""One less than the deaths after which Dask itself gives a task up."""

_ROW = ".row"
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
    marks = Path(job.root) / MARKS
    shutil.rmtree(marks, ignore_errors=True)
    try:
        with connected(backend, address, jobs) as (settings, watch):
            broken = 0
            while remaining:
                before = len(remaining)
                try:
                    yield from _run_once(job, remaining, settings, watch)
                except _BrokenError as error:
                    broken = broken + 1 if len(remaining) == before else 0
                    if broken > MAX_STARTS:
                        raise WorkerError(
                            f"the cluster fails again and again: {error.__cause__!r}"
                        ) from error
                    _log.warning(
                        "the cluster lost workers (%r); handing out again what is left", error.__cause__
                    )
                    yield "back", tuple(remaining)
    finally:
        shutil.rmtree(marks, ignore_errors=True)


class _BrokenError(Exception):
    """The engine gave up on some tasks; those not done are still to do."""


def _run_once(
    job: Job, remaining: dict[str, Task], settings: dict[str, Any], watch: Watch
) -> Generator[Output, None, None]:
    results: queue.Queue[Row | str | Exception | None] = queue.Queue()
    stop = threading.Event()
    work = list(remaining.values())
    # joblib waits inside its generator, so it gets a thread, and this one stays free to be stopped.
    thread = threading.Thread(target=_feed, args=(job, work, settings, results, stop), daemon=True)
    thread.start()
    try:
        while True:
            for row in _left_rows(job):
                if remaining.pop(row.source, None) is not None:
                    yield "row", row
            try:
                result = results.get(timeout=0.2)
            except queue.Empty:
                if (error := watch.lost_task()) is not None:
                    raise _BrokenError from error
                yield "idle", None
                continue
            if result is None and not _some_left(job):
                return
            if result is None:
                results.put(None)
                continue
            if isinstance(result, str):
                yield "stage", (result, "handed out")
                continue
            if isinstance(result, Exception):
                raise _BrokenError from result
            del remaining[result.source]
            yield "row", result
    finally:
        stop.set()


def _feed(
    job: Job,
    tasks: list[Task],
    settings: dict[str, Any],
    results: queue.Queue[Row | str | Exception | None],
    stop: threading.Event,
) -> None:
    """Run joblib; sources handed out and rows that come back go to ``results``, then None or an error."""

    from joblib import Parallel, delayed, parallel_config

    do: Callable[[Job, Task], Row | None] = do_task

    def calls() -> Iterator[Any]:
        for task in tasks:
            if stop.is_set():
                return
            results.put(task.source)
            yield delayed(do)(job, task)

    try:
        with parallel_config(**settings):
            # One photo a task, and few of them handed out: what a dying worker loses is little.
            given: dict[str, Any] = {"batch_size": 1, "pre_dispatch": "n_jobs + 2"}
            try:
                parallel = Parallel(return_as="generator_unordered", **given)
            except ValueError:  # this engine tells results only when all are there
                parallel, do = Parallel(**given), leave_task
            for row in parallel(calls()):
                if row is not None:
                    results.put(row)
                if stop.is_set():
                    return
        results.put(None)
    except Exception as error:  # engines have errors of their own kinds
        results.put(error)


def do_task(job: Job, task: Task) -> Row:
    """Do one task on a worker; several threads of a worker may."""
    mark = (
        Path(job.root) / MARKS / hashlib.sha256(task.source.encode("utf-8", "backslashreplace")).hexdigest()
    )
    starts = _starts(mark)
    if starts >= MAX_STARTS:
        return died(task, job, f"the worker process died, {starts} times at this photo")
    _mark(mark, starts + 1)
    row = _worker(job)(task)
    with contextlib.suppress(OSError):
        mark.unlink()
    return row


def leave_task(job: Job, task: Task) -> None:
    """`do_task`, the row left as a file in the output folder."""
    row = do_task(job, task)
    folder = Path(job.root) / MARKS
    folder.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(8)
    (folder / f"{name}.part").write_text(json.dumps(row.to_json()), "utf-8")
    (folder / f"{name}.part").rename(folder / f"{name}{_ROW}")


def _some_left(job: Job) -> bool:
    return any((Path(job.root) / MARKS).glob(f"*{_ROW}"))


def _left_rows(job: Job) -> Iterator[Row]:
    """Rows that `leave_task` left, each once."""
    for path in (Path(job.root) / MARKS).glob(f"*{_ROW}"):
        row = Row.from_json(json.loads(path.read_text("utf-8")))
        path.unlink()
        yield row


def _starts(mark: Path) -> int:
    try:
        return len(mark.read_bytes())
    except OSError:
        return 0


def _mark(mark: Path, starts: int) -> None:
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_bytes(b"+" * starts)
    except OSError:
        _log.debug("cannot mark %s", mark)  # where nothing can be written, the task itself will say so


_making = threading.Lock()


def _worker(job: Job) -> Worker:
    with _making:
        return _made(job)


@lru_cache(maxsize=1)
def _made(job: Job) -> Worker:
    """One a process: its model is loaded once, its gate is shared by the process's threads."""
    return Worker(job, load_renderer(job))
