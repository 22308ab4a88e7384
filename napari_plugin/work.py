"""Background jobs in threads, with progress, cancellation and readable errors.

A job's function runs in a thread and uses neither widgets nor layers. It receives a `Job`, checks
``job.cancelled()`` and reports with ``job.progress(done, total)`` and ``job.show(partial_result)``. The GUI
thread reads the reports from a queue, so that no other thread uses Qt objects and the window can be closed at
any time. Nothing is delivered after a job was cancelled or the widget was closed.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TextIO

from napari.utils.notifications import show_error
from napari.utils.progress import cancelable_progress
from qtpy.QtCore import QTimer

from llflow_photo.errors import CancelledError, LLFlowPhotoError
from llflow_photo.machine import give_back_memory

__all__ = ["Job", "Result", "Work"]

_LOG = logging.getLogger(__name__)
_POLL_MS = 15
"""Interval between checks for reports while jobs are running."""

_SLOT_S = 0.03
"""Time after which the delivery of further reports waits for other events of the window."""
_BAR_DELAY_S = 1.0
"""Default time after which a job gets a progress bar in the activity dock."""

Result = Callable[[Any], None]


class Job:
    """A background job, as its thread sees it."""

    def __init__(self, title: str, large: bool = False) -> None:
        self.title = title
        self._large = large
        self._reports: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._cancelled = threading.Event()

    def cancelled(self) -> bool:
        """Whether to stop; passed to core functions as ``cancel``."""
        return self._cancelled.is_set()

    def progress(self, done: int, total: int) -> None:
        """Report progress; passed to core functions as ``progress``."""
        self._reports.put(("progress", (int(done), int(total))))

    def show(self, partial: object) -> None:
        """Report a partial result."""
        self._reports.put(("shown", partial))

    def cancel(self) -> None:
        """Request the job to stop; none of its later reports are delivered."""
        self._cancelled.set()

    def run(self, function: Callable[[Job], Any]) -> None:
        """Run a function in the thread; errors become reports, which the GUI thread shows."""
        try:
            if not self.cancelled():
                self._reports.put(("done", function(self)))
        except CancelledError:
            pass
        except Exception as error:  # any error is shown to the user, and the window stays usable
            if not isinstance(error, LLFlowPhotoError):
                _LOG.exception("%s failed", self.title)
            self._reports.put(("failed", error))
        finally:
            if self._large:
                give_back_memory()
            self._reports.put(("ended", None))

    def reports(self) -> Iterator[tuple[str, Any]]:
        """The reports since the last call; those that are not taken remain."""
        while True:
            try:
                yield self._reports.get_nowait()
            except Empty:
                return


@dataclass
class _Task:
    """A job and its callbacks."""

    job: Job
    done: Result
    shown: Result | None
    ended: Callable[[], None] | None
    progressed: Callable[[int, int], None] | None
    bar: _Bar | None

    def wait_for_bar(self, now: float) -> None:
        """Show the progress bar once the job has run for some time."""
        if self.bar is not None and now > self.bar.due:
            self.bar.open()

    def deliver(self, kind: str, value: Any) -> None:
        """Handle one report, in the GUI thread; the last one is ``ended``."""
        if kind == "ended":
            if self.ended is not None:
                self.ended()
        elif self.job.cancelled():
            return
        elif kind == "progress":
            if self.bar is not None:
                self.bar.move(*value)
            if self.progressed is not None:
                self.progressed(*value)
        elif kind == "shown" and self.shown is not None:
            self.shown(value)
        elif kind == "done":
            self.done(value)
        elif kind == "failed":
            show_error(f"{self.job.title}: {_message_of(value)}")


class Work:
    """All background jobs of one widget. Call `close` when the widget is closed.

    Attributes:
        running: the jobs that have not ended.
    """

    def __init__(self) -> None:
        self.running: set[Job] = set()
        self._tasks: list[_Task] = []
        self._closed = False
        self._timer = QTimer()
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._deliver)

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
        bar_after: float = _BAR_DELAY_S,
        large: bool = False,
    ) -> Job:
        """Run ``function(job)`` in a thread.

        Args:
            title: name of the job, for the activity dock and error messages.
            done: called with the result, unless the job was cancelled or failed.
            shown: called with partial results.
            ended: called at the end, also after an error or cancellation.
            progressed: called with the completed and the total number of steps.
            bar: whether a job that takes long gets a progress bar with a cancel button in the activity dock.
                Its sign in the status bar moves all the time, which takes half a core without a graphics
                card, so jobs with a bar in the panel need none.
            bar_after: seconds after which the bar appears.
            large: whether the job uses much memory, which is then given back to the system at its end.
        """
        job = Job(title, large)
        self.running.add(job)
        self._tasks.append(_Task(job, done, shown, ended, progressed, _Bar(job, bar_after) if bar else None))
        _log_warnings_of_threads()
        threading.Thread(target=job.run, args=(function,), name=f"{_THREADS}{title}").start()
        self._timer.start()
        return job

    def _deliver(self) -> None:
        now = time.monotonic()
        for task in list(self._tasks):
            if not self._closed:
                task.wait_for_bar(now)
            for kind, value in task.job.reports():
                if kind == "ended":
                    self._drop(task)
                if not self._closed:
                    task.deliver(kind, value)
                if time.monotonic() > now + _SLOT_S:  # the window must respond; the timer calls again
                    return
        if not self._tasks:
            self._timer.stop()

    def _drop(self, task: _Task) -> None:
        self._tasks.remove(task)
        self.running.discard(task.job)
        if task.bar is not None:
            task.bar.close()

    def close(self) -> None:
        """Cancel all jobs and stop delivering reports."""
        self._closed = True
        for job in self.running:
            job.cancel()


_THREADS = "llflow-photo: "
"""Prefix of the names of all threads."""


def _log_warnings_of_threads() -> None:
    """Log warnings that libraries raise in threads, such as deprecations, instead of showing them."""
    if not isinstance(warnings.showwarning, _ShowWarning):
        warnings.showwarning = _ShowWarning(warnings.showwarning)


class _ShowWarning:
    """In place of `warnings.showwarning`: warnings of this plugin's threads are logged.

    Args:
        others: shows the warnings of all other threads.
    """

    def __init__(self, others: Callable[..., None]) -> None:
        self._others = others

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if threading.current_thread().name.startswith(_THREADS):
            _LOG.info("%s", message)
        else:
            self._others(message, category, filename, lineno, file, line)


class _CancelBar(cancelable_progress):  # type: ignore[misc]  # napari has no types
    """A progress bar whose button cancels immediately; napari's waits for the next step of a loop."""

    def cancel(self) -> None:
        super().cancel()
        self.cancel_callback()


class _Bar:
    """The progress bar of a job in the activity dock; its button cancels the job.

    Args:
        job: the job.
        after: seconds after which to open it.

    Attributes:
        due: when to open it, of `time.monotonic`.
    """

    def __init__(self, job: Job, after: float) -> None:
        self._job = job
        self._at = (0, 0)
        self._bar: _CancelBar | None = None
        self.due = time.monotonic() + after

    def open(self) -> None:
        self.due = float("inf")
        self._bar = _CancelBar(total=0, desc=self._job.title, cancel_callback=self._job.cancel)
        self.move(*self._at)

    def move(self, done: int, total: int) -> None:
        self._at = done, total
        if self._bar is not None and total:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self.due = float("inf")
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()


def _message_of(error: Exception) -> str:
    if isinstance(error, (LLFlowPhotoError, OSError)):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory; close other programs and try again"
    if isinstance(error, ImportError):
        return f"{error}; install the missing package and restart napari"
    return f"{type(error).__name__}: {error} (see the log for details)"
