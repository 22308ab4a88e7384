"""Batches made ahead of time in other processes, so that training does not wait for them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType

from .crops import Batch, BatchSource

__all__ = ["PrefetchSource"]


class PrefetchSource:
    """The same batches as another source's, of the steps to come, made by worker processes.

    Workers are spawned and get a copy of the source; a script that uses this needs the usual
    ``if __name__ == "__main__":``. Close it, or use it in a ``with`` statement.

    Args:
        source: must be picklable, its batches a function of step, crop and size alone.
        workers: number of processes.
        ahead: number of batches to keep ready; by default two per worker.
        stride: from one step asked for to the next; above 1 where several processes train together.
    """

    def __init__(self, source: BatchSource, workers: int, ahead: int | None = None, stride: int = 1) -> None:
        self._stride = stride
        self.ahead = ahead if ahead is not None else 2 * workers
        self._pending: dict[tuple[int, int, int], Future[Batch]] = {}
        self._pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=_adopt, initargs=(source,)
        )

    def batch(self, step: int, crop: int, size: int) -> Batch:
        """What the source's ``batch`` returns for these arguments; errors are raised here too."""
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
    """Workers started meanwhile compute with one thread each: many would fight over the cores."""
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

    torch.set_num_threads(1)
    _adopted[:] = [source]


def _make(step: int, crop: int, size: int) -> Batch:
    return _adopted[0].batch(step, crop, size)
