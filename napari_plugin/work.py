"""Work beside the window: napari's thread workers, with progress, cancel, plain errors and newest-wins.

A task's function runs in a thread and touches no widget and no layer. It gets a `Job`, asks
``job.cancelled()`` and reports with ``job.progress(done, total)`` and ``job.show(partial_result)``. What
comes back arrives in the window's own thread, and not at all once it was cancelled or the widget closed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from napari.qt.threading import FunctionWorker, create_worker
from napari.utils.notifications import show_error
from napari.utils.progress import cancelable_progress
from qtpy.QtCore import QObject, QThreadPool, QTimer, Signal

from llflow_photo.errors import CancelledError, LLFlowPhotoError

__all__ = ["Job", "Newest", "Work"]

_LOG = logging.getLogger(__name__)
_THREADS = 4
"""A full-size run, a batch, a preview and a save may go on at once."""

Result = Callable[[Any], None]


class Job(QObject):
    """One piece of work: the thread's way to ask and to tell."""

    progressed = Signal(int, int)
    shown = Signal(object)

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self._worker: Any = None
        self._cancelled = False

    def cancelled(self) -> bool:
        """Whether to stop; core functions take this as their ``cancel``."""
        return self._cancelled or (self._worker is not None and self._worker.abort_requested)

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is; core functions take this as their ``progress``."""
        if not self.cancelled():
            self.progressed.emit(int(done), int(total))

    def show(self, partial: object) -> None:
        """Hand over a result before the work is done."""
        if not self.cancelled():
            self.shown.emit(partial)

    def cancel(self) -> None:
        """Ask the work to stop; nothing of it will be delivered any more."""
        self._cancelled = True


class _QuietWorker(FunctionWorker):  # type: ignore[misc]
    """A worker whose libraries' warnings go to the log: a deprecation is no news for photographers."""

    def _relay_warning(self, show_warn_args: tuple[Any, ...]) -> None:
        _LOG.info("%s", show_warn_args[0])


class Work:
    """All that runs for one widget. Call `close` when the widget goes.

    Attributes:
        running: jobs that have not ended.
    """

    def __init__(self) -> None:
        self.running: set[Job] = set()
        self._closed = False
        pool = QThreadPool.globalInstance()
        pool.setMaxThreadCount(max(pool.maxThreadCount(), _THREADS))

    def start(
        self,
        title: str,
        function: Callable[[Job], Any],
        done: Result,
        *,
        shown: Result | None = None,
        ended: Callable[[], None] | None = None,
        progressed: Callable[[int, int], None] | None = None,
        bar: bool = False,
    ) -> Job:
        """Run ``function(job)`` in a thread.

        Args:
            title: what the work is, for the activity dock and for errors.
            done: called with the result; not after a cancel or an error.
            shown: called with what the job shows on the way.
            ended: called at the end, whatever the end was.
            progressed: called with steps done and steps in all.
            bar: show a progress bar with a cancel button in the activity dock.
        """
        job = Job(title)
        outcome: list[Any] = []
        worker = create_worker(_run, function, job, outcome, _worker_class=_QuietWorker)
        job._worker = worker
        self.running.add(job)
        bars = _Bar(job) if bar else None
        if shown is not None:
            job.shown.connect(lambda partial: self._deliver(job, shown, partial))
        if progressed is not None:
            job.progressed.connect(lambda n, total: self._deliver(job, progressed, n, total))
        worker.finished.connect(lambda: self._finish(job, outcome, done, ended, bars))
        worker.start()
        return job

    def _deliver(self, job: Job, slot: Callable[..., None], *values: Any) -> None:
        if not self._closed and not job.cancelled():
            slot(*values)

    def _finish(
        self, job: Job, outcome: list[Any], done: Result, ended: Callable[[], None] | None, bar: _Bar | None
    ) -> None:
        self.running.discard(job)
        if bar is not None:
            bar.close()
        if self._closed:
            return
        if outcome and not job.cancelled():
            value = outcome[0]
            if isinstance(value, Exception):
                show_error(f"{job.title}: {_plain(value)}")
            else:
                done(value)
        if ended is not None:
            ended()

    def close(self) -> None:
        """Cancel everything and deliver nothing any more."""
        self._closed = True
        for job in self.running:
            job.cancel()


class _CancelBar(cancelable_progress):  # type: ignore[misc]
    """A bar whose button calls back at once; napari's own waits for the next step of a loop."""

    def cancel(self) -> None:
        super().cancel()
        self.cancel_callback()


class _Bar:
    """A bar in the activity dock that follows a job; its cancel button cancels the job."""

    def __init__(self, job: Job) -> None:
        self._bar = _CancelBar(total=0, desc=job.title, cancel_callback=job.cancel)
        self._open = True
        job.progressed.connect(self._move)

    def _move(self, done: int, total: int) -> None:
        if self._open:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._bar.close()


class Newest:
    """Requests of which only the newest counts.

    A request waits until no other has come for ``delay_ms``; one that is running is cancelled. One job runs
    at a time, so fast sliders never pile up work.
    """

    def __init__(self, work: Work, title: str, delay_ms: int = 60) -> None:
        self._work = work
        self._title = title
        self._waiting: tuple[Callable[[Job], Any], Result] | None = None
        self._job: Job | None = None
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._delay_ms = delay_ms
        self._timer.timeout.connect(self._begin)
        self.busy_changed: Callable[[bool], None] = lambda busy: None

    @property
    def busy(self) -> bool:
        """Whether a request waits or runs."""
        return self._job is not None or self._waiting is not None

    def request(self, function: Callable[[Job], Any], done: Result, delay_ms: int | None = None) -> None:
        """Ask for ``function(job)``; ``done`` gets what it shows and what it returns.

        Args:
            delay_ms: to wait for a newer request, by default as the constructor says.
        """
        self._waiting = (function, done)
        if self._job is not None:
            self._job.cancel()
        self._timer.start(self._delay_ms if delay_ms is None else delay_ms)
        self.busy_changed(True)

    def drop(self) -> None:
        """Forget what waits and cancel what runs."""
        self._waiting = None
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        else:
            self.busy_changed(False)

    def _begin(self) -> None:
        if self._waiting is None or self._job is not None:
            return
        function, done = self._waiting
        self._waiting = None
        self._job = self._work.start(self._title, function, done, shown=done, ended=self._ended)

    def _ended(self) -> None:
        self._job = None
        if self._waiting is not None and not self._timer.isActive():
            self._begin()
        self.busy_changed(self.busy)


def _run(function: Callable[[Job], Any], job: Job, outcome: list[Any]) -> None:
    """In the thread: errors become a value, told in plain words by the window's thread."""
    if job.cancelled():
        return
    try:
        outcome.append(function(job))
    except CancelledError:
        return
    except Exception as error:  # whatever it is, the user must hear of it and the window must go on
        if not isinstance(error, LLFlowPhotoError):
            _LOG.exception("%s failed", job.title)
        outcome.append(error)


def _plain(error: Exception) -> str:
    if isinstance(error, (LLFlowPhotoError, OSError)):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory; close other programs or choose a smaller preview"
    if isinstance(error, ImportError):
        return f"{error}; install what is missing and restart napari"
    return f"{type(error).__name__}: {error} (the log has the details)"
