"""Computing batches in advance in worker processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import connection
from types import TracebackType

from .crops import Batch, BatchSource

__all__ = ["PrefetchSource"]


class PrefetchSource:
    """Computes the batches of another source in advance, in worker processes.

    Workers are spawned and get a copy of the source; scripts that use this need the usual
    ``if __name__ == "__main__":``. Call `close` at the end, or use a ``with`` statement.

    Args:
        source: a picklable source whose batches depend only on step, crop and size.
        workers: number of processes.
        ahead: number of batches to compute in advance; by default two per worker.
        stride: difference between successive steps; above 1 if several processes train together.
    """

    def __init__(self, source: BatchSource, workers: int, ahead: int | None = None, stride: int = 1) -> None:
        self._stride = stride
        self.ahead = ahead if ahead is not None else 2 * workers
        self._pending: dict[tuple[int, int, int], Future[Batch]] = {}
        self._pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=_adopt, initargs=(source,)
        )

    def batch(self, step: int, crop: int, size: int) -> Batch:
        """Return the source's batch for these arguments; errors in a worker are raised here."""
        wanted = [(step + later * self._stride, crop, size) for later in range(self.ahead + 1)]
        for key in [key for key in self._pending if key not in wanted]:
            self._pending.pop(key).cancel()
        with _one_thread_for_children():
            for key in wanted:
                if key not in self._pending:
                    self._pending[key] = self._pool.submit(_make, *key)
        return self._pending.pop(wanted[0]).result()

    def close(self) -> None:
        """Stop the workers."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> PrefetchSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@contextlib.contextmanager
def _one_thread_for_children() -> Iterator[None]:
    """Limit workers started in this context to one thread each, since they share the cores."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_adopted: list[BatchSource] = []
"""A worker process's copy of the source."""


def _adopt(source: BatchSource) -> None:
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches all processes
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _adopted[:] = [source]


def _end_with_parent() -> None:
    """End this worker when the training process has ended without stopping it, for example when killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _make(step: int, crop: int, size: int) -> Batch:
    return _adopted[0].batch(step, crop, size)
