"""Requests of which only the newest counts: sliders that move, a view that moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer

from .work import Job, Result, Work

__all__ = ["Newest", "Planned"]

Planned = tuple[Callable[[Job], Any], Result]
"""What to run, and who gets its results."""


class Newest:
    """Requests of which only the newest counts.

    A request waits until no other has come for ``delay_ms``; one that is running is cancelled. One job runs
    at a time, so fast sliders never pile up work.
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
        """Whether a request waits or runs."""
        return self._job is not None or self._waiting is not None or self._planned is not None

    def request(self, function: Callable[[Job], Any], done: Result, delay_ms: int | None = None) -> None:
        """Ask for ``function(job)``; ``done`` gets what it shows and what it returns.

        Args:
            delay_ms: to wait for a newer request, by default as the constructor says.
        """
        self.plan(lambda: (function, done), delay_ms)

    def plan(self, decide: Callable[[], Planned | None], delay_ms: int | None = None) -> None:
        """Ask for what ``decide()`` says once the delay is over.

        Args:
            decide: called in the window's thread; gives the function to run and who gets its results, or
                None where what runs already is what is wanted.
            delay_ms: as of `request`.
        """
        self._planned = decide
        self._timer.start(self._delay_ms if delay_ms is None else delay_ms)
        self.busy_changed(True)

    def drop(self) -> None:
        """Forget what waits and cancel what runs."""
        self._planned = self._waiting = None
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        self.busy_changed(self.busy)

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
