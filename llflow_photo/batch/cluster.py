"""Tasks to rows on a cluster, through joblib's backends: Dask, Ray, or any other that is registered.

Only paths and rows travel: every worker sees the photos and the output folder under the same paths, and loads
the model once. A worker that dies is the cluster's to replace; its photos are handed out again. A photo is
marked in the output folder while it is in hand, so that one that kills worker after worker is found and given
up.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import queue
import shutil
import threading
from collections.abc import Generator, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import OptionError, WorkerError
from .pipeline import Output, died
from .renderer import load_renderer
from .row import Row
from .work import Job, Task, Worker

__all__ = ["check_backend", "run_cluster"]

MARKS = ".llflow-photo-in-hand"
"""Folder of marks inside the output folder; gone when the batch ends."""

MAX_STARTS = 3
"""One less than the deaths after which Dask itself gives a task up."""

_log = logging.getLogger(__name__)


def check_backend(backend: str, address: str | None) -> None:
    """Refuse backends that there are not.

    Raises:
        OptionError: the backend is unknown, or takes no address and one is given.
    """
    from joblib.parallel import BACKENDS

    known = sorted({"local", "dask", "ray", *BACKENDS} - {"sequential"})
    if backend not in known:
        raise OptionError(f"backend is {backend!r}; known are {', '.join(known)}")
    if address is not None and backend not in ("dask", "ray"):
        raise OptionError(f"backend {backend!r} takes no address; those that do are 'dask' and 'ray'")


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
        with _connected(backend, address, jobs) as (settings, watch):
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
    job: Job, remaining: dict[str, Task], settings: dict[str, Any], watch: _Watch
) -> Generator[Output, None, None]:
    results: queue.Queue[Row | str | Exception | None] = queue.Queue()
    stop = threading.Event()
    work = list(remaining.values())
    # joblib waits inside its generator, so it gets a thread, and this one stays free to be stopped.
    thread = threading.Thread(target=_feed, args=(job, work, settings, results, stop), daemon=True)
    thread.start()
    try:
        while True:
            try:
                result = results.get(timeout=0.2)
            except queue.Empty:
                if (error := watch.lost_task()) is not None:
                    raise _BrokenError from error
                yield "idle", None
                continue
            if result is None:
                return
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

    def calls() -> Iterator[Any]:
        for task in tasks:
            if stop.is_set():
                return
            results.put(task.source)
            yield delayed(do_task)(job, task)

    try:
        with parallel_config(**settings):
            # One photo a task, and few of them handed out: what a dying worker loses is little.
            parallel = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs + 2")
            for row in parallel(calls()):
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


class _Watch:
    """Notices tasks that the engine gave up on without joblib being told."""

    def __init__(self, client: Any = None) -> None:
        self._client = client
        self._told: set[Any] = set()

    def lost_task(self) -> Exception | None:
        """An error, where one of the client's tasks ended in one that was not told before."""
        if self._client is None:
            return None
        if self._client.status not in ("running", "connecting", "newly-created"):
            return ConnectionError(f"the connection to the scheduler is {self._client.status}")
        for key, state in list(self._client.futures.items()):
            if state.status in ("error", "cancelled", "lost") and key not in self._told:
                self._told.add(key)
                return RuntimeError(f"task {key} ended as {state.status}")
        return None


@contextlib.contextmanager
def _connected(
    backend: str, address: str | None, jobs: int | None
) -> Iterator[tuple[dict[str, Any], _Watch]]:
    """Arguments of `joblib.parallel_config` for a backend, while it is connected."""
    if backend == "dask":
        with _dask_client(address, jobs) as client:
            yield {"backend": "dask", "client": client}, _Watch(client)
        return
    if backend == "ray":
        _start_ray(address, jobs)
    yield {"backend": backend, "n_jobs": jobs or -1}, _Watch()


@contextlib.contextmanager
def _dask_client(address: str | None, jobs: int | None) -> Iterator[Any]:
    try:
        dask: Any = import_module("distributed")
    except ImportError as error:
        raise OptionError("backend 'dask' needs Dask: pip install 'llflow-photo[cluster]'") from error
    if address is None and (connected := _existing(dask.default_client)) is not None:
        yield connected
        return
    with contextlib.ExitStack() as stack:
        try:
            if address is None:
                local = dask.LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
                client = stack.enter_context(dask.Client(stack.enter_context(local)))
            else:
                client = stack.enter_context(dask.Client(address, timeout=30, set_as_default=False))
        except OSError as error:
            raise WorkerError(f"no Dask scheduler answers at {address}; start it, or name another") from error
        yield client


def _existing(default_client: Any) -> Any:
    try:
        return default_client()
    except ValueError:  # there is none
        return None


def _start_ray(address: str | None, jobs: int | None) -> None:
    try:
        ray: Any = import_module("ray")
        ray_joblib: Any = import_module("ray.util.joblib")
    except ImportError as error:
        raise OptionError("backend 'ray' needs Ray: pip install 'ray[default]'") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, num_cpus=None if address else jobs, log_to_driver=False)
        except ConnectionError as error:
            raise WorkerError(f"no Ray cluster answers at {address}; start it, or name another") from error
    ray_joblib.register_ray()
