"""Work beside the window: threads, with progress, cancel and plain errors.

A task's function runs in a thread and touches no widget and no layer. It gets a `Job`, asks
``job.cancelled()`` and reports with ``job.progress(done, total)`` and ``job.show(partial_result)``. What it
reports waits in a queue that the window's own thread empties, so no thread ever touches an object of Qt, and
closing the window at any moment is safe. Nothing is delivered once a job was cancelled or the widget closed.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TextIO

from napari.utils.notifications import show_error
from napari.utils.progress import cancelable_progress
from qtpy.QtCore import QTimer

from llflow_photo.errors import CancelledError, LLFlowPhotoError

__all__ = ["Job", "Result", "Work"]

_LOG = logging.getLogger(__name__)
_POLL_MS = 15
"""How often reports of threads are looked for, while there are threads."""

Result = Callable[[Any], None]


class Job:
    """One piece of work: the thread's way to ask and to tell."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._reports: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._cancelled = threading.Event()

    def cancelled(self) -> bool:
        """Whether to stop; core functions take this as their ``cancel``."""
        return self._cancelled.is_set()

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is; core functions take this as their ``progress``."""
        self._reports.put(("progress", (int(done), int(total))))

    def show(self, partial: object) -> None:
        """Hand over a result before the work is done."""
        self._reports.put(("shown", partial))

    def cancel(self) -> None:
        """Ask the work to stop; nothing of it will be delivered any more."""
        self._cancelled.set()

    def run(self, function: Callable[[Job], Any]) -> None:
        """In the thread: errors become a report, told in plain words by the window's thread."""
        try:
            if not self.cancelled():
                self._reports.put(("done", function(self)))
        except CancelledError:
            pass
        except Exception as error:  # whatever it is, the user must hear of it and the window must go on
            if not isinstance(error, LLFlowPhotoError):
                _LOG.exception("%s failed", self.title)
            self._reports.put(("failed", error))
        finally:
            self._reports.put(("ended", None))

    def reports(self) -> list[tuple[str, Any]]:
        """What was told since the last call."""
        found = []
        while True:
            try:
                found.append(self._reports.get_nowait())
            except Empty:
                return found


@dataclass
class _Task:
    """A job and who hears of it."""

    job: Job
    done: Result
    shown: Result | None
    ended: Callable[[], None] | None
    progressed: Callable[[int, int], None] | None
    bar: _Bar | None

    def hear(self, kind: str, value: Any) -> None:
        """One report, in the window's thread; the last one is ``ended``."""
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
            show_error(f"{self.job.title}: {_plain(value)}")


class Work:
    """All that runs for one widget. Call `close` when the widget goes.

    Attributes:
        running: jobs that have not ended.
    """

    def __init__(self) -> None:
        self.running: set[Job] = set()
        self._tasks: list[_Task] = []
        self._closed = False
        self._timer = QTimer()
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._hear)

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
        self.running.add(job)
        self._tasks.append(_Task(job, done, shown, ended, progressed, _Bar(job) if bar else None))
        _log_warnings_of_threads()
        threading.Thread(target=job.run, args=(function,), name=f"{_THREADS}{title}").start()
        self._timer.start()
        return job

    def _hear(self) -> None:
        for task in list(self._tasks):
            for kind, value in task.job.reports():
                if kind == "ended":
                    self._drop(task)
                if not self._closed:
                    task.hear(kind, value)
        if not self._tasks:
            self._timer.stop()

    def _drop(self, task: _Task) -> None:
        self._tasks.remove(task)
        self.running.discard(task.job)
        if task.bar is not None:
            task.bar.close()

    def close(self) -> None:
        """Cancel everything and deliver nothing any more."""
        self._closed = True
        for job in self.running:
            job.cancel()


_THREADS = "llflow-photo: "
"""What the names of all threads begin with."""


def _log_warnings_of_threads() -> None:
    """Libraries' warnings in threads go to the log: a deprecation is no news for photographers."""
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
    """A bar whose button calls back at once; napari's own waits for the next step of a loop."""

    def cancel(self) -> None:
        super().cancel()
        self.cancel_callback()


class _Bar:
    """A bar in the activity dock that follows a job; its cancel button cancels the job."""

    def __init__(self, job: Job) -> None:
        self._bar = _CancelBar(total=0, desc=job.title, cancel_callback=job.cancel)
        self._open = True

    def move(self, done: int, total: int) -> None:
        if self._open:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._bar.close()


def _plain(error: Exception) -> str:
    if isinstance(error, (LLFlowPhotoError, OSError)):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory; close other programs or choose a smaller preview"
    if isinstance(error, ImportError):
        return f"{error}; install what is missing and restart napari"
    return f"{type(error).__name__}: {error} (the log has the details)"
