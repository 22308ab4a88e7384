"""Connections to the engines that `cluster` runs on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from ...errors import OptionError, WorkerError

__all__ = ["Engine", "Watch", "check_backend", "connected"]

Engine = Callable[[], dict[str, Any]]
"""Gives arguments of `joblib.parallel_config`, new ones for each use: Joblib's Dask backend keeps what went
wrong in an earlier one, and would wait for it forever."""

LEAST_JOBS = 2
"""With one, joblib works in the process that asked, and a photo that kills its worker would end the batch."""


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


class Watch:
    """Notices tasks that the engine gave up on without joblib being told."""

    def __init__(self, client: Any = None) -> None:
        self._client = client
        self._told: set[Any] = set()

    def begin(self) -> None:
        """Forget the tasks there are; those of a run that was given up may still be cancelled."""
        if self._client is not None:
            self._told |= set(self._client.futures)

    def lost_task(self) -> Exception | None:
        """An error, where one of the client's tasks ended in one that was not told before.

        A result lost with its worker is no such end: the scheduler has it computed again.
        """
        if self._client is None:
            return None
        if self._client.status not in ("running", "connecting", "newly-created"):
            return ConnectionError(f"the connection to the scheduler is {self._client.status}")
        for key, state in list(self._client.futures.items()):
            if state.status in ("error", "cancelled") and key not in self._told:
                self._told.add(key)
                return RuntimeError(f"task {key} ended as {state.status}")
        return None


@contextlib.contextmanager
def connected(backend: str, address: str | None, jobs: int | None) -> Iterator[tuple[Engine, Watch]]:
    """A backend while it is connected, and what watches its tasks."""
    if backend == "dask":
        with _dask_client(address, jobs) as client:
            yield lambda: {"backend": _dask_backend(client)}, Watch(client)
        return
    if backend == "ray":
        _start_ray(address, jobs)
    count = -1 if jobs is None else max(LEAST_JOBS, jobs)
    yield lambda: {"backend": backend, "n_jobs": count}, Watch()


def _dask_backend(client: Any) -> Any:
    """Joblib's Dask backend that never counts fewer than `LEAST_JOBS` workers, as after some died."""
    joblib_dask: Any = import_module("joblib._dask")

    class Backend(joblib_dask.DaskDistributedBackend):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            workers: int = super().effective_n_jobs(n_jobs)
            return max(LEAST_JOBS, workers)

    return Backend(client=client)


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
