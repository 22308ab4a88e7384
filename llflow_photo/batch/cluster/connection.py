"""Connections to the cluster engines: Dask, Ray, and other backends of joblib."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from ...errors import OptionError, WorkerError

__all__ = ["Engine", "TaskMonitor", "check_backend", "connected"]

Engine = Callable[[], dict[str, Any]]
"""Returns new arguments for `joblib.parallel_config` on each call, because Joblib's Dask backend cannot be
used twice: it keeps the errors of an earlier run, and would wait forever."""

MIN_JOBS = 2
"""With one job, joblib runs tasks in the calling process, where a crash would end the batch."""

_UNSUITABLE = {
    "sequential": "renders in the calling process, where a crash ends the batch",
    "threading": "renders in the calling process, where a crash or Ctrl-C ends the batch",
    "multiprocessing": "waits forever for a worker process that has died",
}
"""Backends of joblib that do not survive what a batch must survive, with the reason."""


def check_backend(backend: str, address: str | None) -> None:
    """Reject unknown and unsuitable backends.

    Raises:
        OptionError: the backend is unknown or unsuitable, or an address is given for a backend that takes
            none.
    """
    from joblib.parallel import BACKENDS

    known = sorted({"local", "dask", "ray", *BACKENDS} - _UNSUITABLE.keys())
    if backend in _UNSUITABLE:
        raise OptionError(f"backend {backend!r} {_UNSUITABLE[backend]}; use one of {', '.join(known)}")
    if backend not in known:
        raise OptionError(f"backend is {backend!r}; it must be one of {', '.join(known)}")
    if address is None:
        return
    if backend not in ("dask", "ray"):
        raise OptionError(f"backend {backend!r} takes no address; only 'dask' and 'ray' do")
    if not address:
        raise OptionError("the address of the cluster is empty; give one, or leave it out")


class TaskMonitor:
    """Detects tasks that Dask gave up without informing joblib."""

    def __init__(self, client: Any = None) -> None:
        self._client = client
        self._known: set[Any] = set()

    def ignore_existing(self) -> None:
        """Ignore the tasks that exist now; those of an abandoned run may still be cancelled."""
        if self._client is not None:
            self._known |= set(self._client.futures)

    def lost_task(self) -> Exception | None:
        """An error if a task of the client has failed and was not reported before, else None.

        A result lost with its worker is not a failure: the scheduler computes it again.
        """
        if self._client is None:
            return None
        if self._client.status not in ("running", "connecting", "newly-created"):
            return ConnectionError(f"the connection to the scheduler is {self._client.status}")
        for key, state in list(self._client.futures.items()):
            if state.status in ("error", "cancelled") and key not in self._known:
                self._known.add(key)
                return RuntimeError(f"task {key} ended as {state.status}")
        return None


@contextlib.contextmanager
def connected(
    backend: str, address: str | None, jobs: int | None, tasks: int
) -> Iterator[tuple[Engine, TaskMonitor]]:
    """Connect to a backend; a context manager with the engine and the monitor of its tasks.

    Args:
        tasks: number of tasks; no more workers than these are started.
    """
    from joblib import cpu_count

    if backend == "dask":
        with _dask_client(address, min(jobs or cpu_count(), max(1, tasks))) as client:
            yield lambda: {"backend": _dask_backend(client)}, TaskMonitor(client)
        return
    if backend == "ray":
        _start_ray(address, jobs)
    count = -1 if jobs is None else max(MIN_JOBS, min(jobs, tasks))
    yield lambda: {"backend": backend, "n_jobs": count}, TaskMonitor()


def _dask_backend(client: Any) -> Any:
    """Joblib's Dask backend, which never reports fewer than `MIN_JOBS` workers, even after some died."""
    joblib_dask: Any = import_module("joblib._dask")

    class Backend(joblib_dask.DaskDistributedBackend):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            workers: int = super().effective_n_jobs(n_jobs)
            return max(MIN_JOBS, workers)

    return Backend(client=client)


@contextlib.contextmanager
def _dask_client(address: str | None, workers: int) -> Iterator[Any]:
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
                local = dask.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
                client = stack.enter_context(dask.Client(stack.enter_context(local)))
            else:
                client = stack.enter_context(dask.Client(address, timeout=30, set_as_default=False))
        except OSError as error:
            raise WorkerError(
                f"there is no Dask scheduler at {address}; start it, or give another address"
            ) from error
        yield client


def _existing(default_client: Any) -> Any:
    try:
        return default_client()
    except ValueError:  # no client exists
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
            raise WorkerError(
                f"there is no Ray cluster at {address}; start it, or give another address"
            ) from error
    ray_joblib.register_ray()
