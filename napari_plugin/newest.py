"""Background requests of which only the newest is completed, for moving sliders and views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer

from .work import Job, Result, Work

__all__ = ["Newest", "Planned"]

Planned = tuple[Callable[[Job], Any], Result]
"""The function to run, and the callback for its results."""


class Newest:
    """Runs only the newest of many requests.

    A request starts after ``delay_ms`` without another one; a running one is then cancelled. Only one job
    runs at a time, so fast slider movements do not queue up work.
    """

    def __init__(self, work: Work, title: str, delay_ms: int = 60) -> None:
        self._work = work
        self._title = title
        self._planned: Callable[[], Planned | None] | None = None
        self._waiting: Planned | None = None
        self._job: Job | None = None
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._delay_ms = delay_ms
        self._timer.timeout.connect(self._decide)
        self.busy_changed: Callable[[bool], None] = lambda busy: None

    @property
    def busy(self) -> bool:
        """Whether a request is waiting or running."""
        return self._job is not None or self._waiting is not None or self._planned is not None

    def request(self, function: Callable[[Job], Any], done: Result, delay_ms: int | None = None) -> None:
        """Request ``function(job)``; ``done`` is called with its partial results and its result.

        Args:
            delay_ms: time to wait for a newer request; by default that of the constructor.
        """
        self.plan(lambda: (function, done), delay_ms)

    def plan(self, decide: Callable[[], Planned | None], delay_ms: int | None = None) -> None:
        """Request what ``decide()`` returns after the delay.

        Args:
            decide: called in the GUI thread; returns the function to run and the callback for its results, or
                None if the running job is still the right one.
            delay_ms: as in `request`.
        """
        self._planned = decide
        self._timer.start(self._delay_ms if delay_ms is None else delay_ms)
        self.busy_changed(True)

    def drop(self) -> None:
        """Discard the waiting request and cancel the running one."""
        self._planned = self._waiting = None
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        self.busy_changed(self.busy)

    def close(self) -> None:
        """Discard all requests, and report no longer whether there are some."""
        self.busy_changed = lambda _busy: None
        self.drop()

    def _decide(self) -> None:
        decide, self._planned = self._planned, None
        made = None if decide is None else decide()
        if made is not None:
            self._waiting = made
            if self._job is not None:
                self._job.cancel()
            else:
                self._begin()
        self.busy_changed(self.busy)

    def _begin(self) -> None:
        if self._waiting is not None:
            (function, done), self._waiting = self._waiting, None
            self._job = self._work.start(self._title, function, done, shown=done, ended=self._ended)

    def _ended(self) -> None:
        self._job = None
        self._begin()
        self.busy_changed(self.busy)
