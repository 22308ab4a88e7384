"""Tasks to rows on this machine: lanes are given what they have room for, and replaced when they die."""

from __future__ import annotations

import logging
import queue
from collections import Counter, deque
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from ..recording.record import PhotoRecord
from .placement import Placement
from .pool import Lane, Message, wait_all
from .work import Job, Task

__all__ = ["Output", "run_local"]

MAX_DEATHS = 2
"""Photos begun when a process died are tried again, each by itself. One is to blame when this many processes
died with nothing else begun: of several, all but one are bystanders."""

GRACE_SECONDS = 3.0
"""What a cancelled process gets to leave tidily."""

Output = tuple[str, Any]
"""``("stage", (source, stage))``, ``("row", row)``, ``("back", sources)`` or ``("idle", None)``."""

_log = logging.getLogger(__name__)


def run_local(
    job: Job, tasks: Iterable[Task], placements: Sequence[Placement]
) -> Generator[Output, None, None]:
    """Do tasks in one process per placement.

    Yields:
        what happens, as it happens, and at least every 0.2 s ``("idle", None)``, so that the caller can stop.
        Closing the generator abandons what is in hand within seconds.

    Raises:
        WorkerError: processes die before they can take a photo; and what loading the model raises.
    """
    pool = _Pool(job, tasks, placements)
    try:
        yield from pool.run()
    finally:
        pool.close()


class _Pool:
    """Lanes, the tasks not yet given to one, and those that saw one die."""

    def __init__(self, job: Job, tasks: Iterable[Task], placements: Sequence[Placement]) -> None:
        self._job = job
        self._waiting = deque(tasks)
        self._suspects: deque[Task] = deque()
        self._deaths: Counter[str] = Counter()
        self._messages: queue.Queue[Message] = queue.Queue()
        self._lanes = [Lane(job, placement, self._messages) for placement in placements]

    def run(self) -> Generator[Output, None, None]:
        self._feed()
        while self._waiting or self._suspects or any(lane.in_hand for lane in self._lanes):
            try:
                lane, kind, content = self._messages.get(timeout=0.2)
            except queue.Empty:
                yield "idle", None
                continue
            if lane in self._lanes:
                yield from self._heard(lane, kind, content)
                self._feed()

    def close(self) -> None:
        """Let lanes without work go, and end the others."""
        for lane in self._lanes:
            if lane.in_hand:
                lane.cancel()
            else:
                lane.finish()
        wait_all(self._lanes, GRACE_SECONDS)

    def _heard(self, lane: Lane, kind: str, content: Any) -> Generator[Output, None, None]:
        if kind == "ready":
            lane.ready = True
        elif kind == "fatal":
            raise content
        elif kind == "log":
            name, level, text = content
            logging.getLogger(name).log(level, "%s", text)
        elif kind == "stage":
            lane.begun.add(content[0])
            yield "stage", content
        elif kind == "row":
            lane.take_back(content.source)
            yield "row", content
        elif kind == "died":
            yield from self._bury(lane)

    def _feed(self) -> None:
        """Give tasks to lanes with room; suspects last, each in a process of its own."""
        for lane in self._lanes:
            while self._waiting and lane.has_room():
                lane.give(self._waiting.popleft())
            if self._suspects and not self._waiting and lane.ready and not lane.in_hand:
                lane.alone = True
                lane.give(self._suspects.popleft())

    def _bury(self, lane: Lane) -> Generator[Output, None, None]:
        """Replace a dead lane; its tasks are tried again, or given up."""
        if not lane.ready:  # out of memory with so many of them, perhaps: fewer may do
            self._lanes.remove(lane)
            if not self._lanes:
                lane.raise_death_at_start()
            _log.warning("%s before it could take a photo; going on without it", lane.cause_of_death())
            return
        cause = lane.cause_of_death()
        _log.warning("%s with %s in hand", cause, ", ".join(lane.in_hand) or "nothing")
        yield "back", tuple(lane.in_hand)
        # What was handed to a process that was dying already had no part in it.
        suspects = [task for task in lane.in_hand.values() if task.source in lane.begun or not lane.begun]
        self._waiting.extendleft(task for task in reversed(lane.in_hand.values()) if task not in suspects)
        self._suspects.extend(suspects)
        if len(suspects) == 1:
            only = suspects[0]
            self._deaths[only.source] += 1
            if (deaths := self._deaths[only.source]) == MAX_DEATHS:
                self._suspects.remove(only)
                yield "row", died(only, self._job, f"{cause}, {deaths} times at this photo")
        self._lanes[self._lanes.index(lane)] = Lane(self._job, lane.placement, self._messages)


def died(task: Task, job: Job, reason: str) -> PhotoRecord:
    """The row of a photo that a worker did not survive."""
    return PhotoRecord(
        task.source,
        "failed",
        reason,
        "WorkerError",
        size=task.size,
        mtime_ns=task.mtime_ns,
        settings=job.settings,
        model=job.model,
    )
