"""Run tasks in worker processes on this machine, and replace the processes that die."""

from __future__ import annotations

import logging
import queue
from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from ..job import Job, Task
from .blame import Deaths, given_up, suspects
from .placement import Placement
from .pool import Message, WorkerProcess, terminate_all

__all__ = ["Output", "run_local"]

GRACE_SECONDS = 3.0
"""Time for a cancelled process to exit by itself."""

Output = tuple[str, Any]
"""``("stage", (source, stage))``, ``("result", record)``, ``("returned", sources)`` or ``("idle", None)``."""

_log = logging.getLogger(__name__)


def run_local(
    job: Job, tasks: Iterable[Task], placements: Sequence[Placement]
) -> Generator[Output, None, None]:
    """Run tasks in one process per placement.

    Yields:
        ``"stage"``: a photo has reached another stage; ``"result"``: a task is done; ``"returned"``: tasks
        are no longer in progress, because their process died; and at least every 0.2 s ``"idle"``, so that
        the caller can stop. Closing the generator abandons the tasks in progress within seconds.

    Raises:
        WorkerError: all processes die before they are ready; and any error of loading the model.
    """
    pool = _Pool(job, tasks, placements)
    try:
        yield from pool.run()
    finally:
        pool.close()


class _Pool:
    """Worker processes, the tasks waiting for one, and those that were in progress in one that died."""

    def __init__(self, job: Job, tasks: Iterable[Task], placements: Sequence[Placement]) -> None:
        self._job = job
        self._waiting = deque(tasks)
        self._suspects: deque[Task] = deque()
        self._deaths: defaultdict[str, Deaths] = defaultdict(Deaths)
        self._messages: queue.Queue[Message] = queue.Queue()
        self._workers = [WorkerProcess(job, placement, self._messages) for placement in placements]

    def run(self) -> Generator[Output, None, None]:
        self._submit_tasks()
        while self._waiting or self._suspects or any(worker.in_progress for worker in self._workers):
            try:
                worker, kind, content = self._messages.get(timeout=0.2)
            except queue.Empty:
                yield "idle", None
                continue
            if worker in self._workers:
                yield from self._handle(worker, kind, content)
                self._submit_tasks()

    def close(self) -> None:
        """Let idle processes finish, and cancel the others."""
        for worker in self._workers:
            if worker.in_progress:
                worker.cancel()
            else:
                worker.finish()
        terminate_all(self._workers, GRACE_SECONDS)

    def _handle(self, worker: WorkerProcess, kind: str, content: Any) -> Generator[Output, None, None]:
        if kind == "ready":
            worker.ready = True
        elif kind == "fatal":
            raise content
        elif kind == "log":
            name, level, text = content
            logging.getLogger(name).log(level, "%s", text)
        elif kind == "stage":
            worker.begun.add(content[0])
            yield "stage", content
        elif kind == "result":
            worker.complete(content.source)
            yield "result", content
        elif kind == "died":
            yield from self._replace_dead(worker)

    def _submit_tasks(self) -> None:
        """Submit tasks to processes with room; suspects come last, each alone in its process."""
        for worker in self._workers:
            while self._waiting and worker.has_room():
                worker.submit(self._waiting.popleft())
            if self._suspects and not self._waiting and worker.ready and not worker.in_progress:
                worker.alone = True
                worker.submit(self._suspects.popleft())

    def _replace_dead(self, worker: WorkerProcess) -> Generator[Output, None, None]:
        """Replace a dead process; its tasks are tried again, or given up."""
        if not worker.ready:  # perhaps memory does not suffice for this many processes
            self._workers.remove(worker)
            if not self._workers:
                worker.raise_start_failure()
            _log.warning("%s before it was ready; continuing with one process less", worker.exit_reason())
            return
        cause = worker.exit_reason()
        _log.warning("%s with %s in progress", cause, ", ".join(worker.in_progress) or "nothing")
        yield "returned", tuple(worker.in_progress)
        suspected = suspects(worker.in_progress, worker.begun)
        for source, task in reversed(worker.in_progress.items()):
            if source not in suspected:
                self._waiting.appendleft(task)
        for source in suspected:
            task = worker.in_progress[source]
            deaths = self._deaths[source] = self._deaths[source].one_more(len(suspected))
            if deaths.is_to_blame:
                yield "result", given_up(task, self._job, cause, deaths)
            else:
                self._suspects.append(task)
        self._workers[self._workers.index(worker)] = WorkerProcess(
            self._job, worker.placement, self._messages
        )
