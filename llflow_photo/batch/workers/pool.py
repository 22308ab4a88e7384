"""Worker processes of a batch on this machine, as seen by the parent process."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import replace
from typing import Any

from ...errors import WorkerError
from ..job import Job, Task
from .placement import Placement
from .process import CANCEL, Setup, main

__all__ = ["Message", "WorkerProcess", "environment", "terminate_all"]

EXIT_SECONDS = 5.0
"""Time for a process to exit by itself after its output has ended."""

_MALLOC_SETTINGS = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
}
"""On Linux, the C library returns large arrays to the system as soon as they are freed. The network allocates
arrays of the same sizes for every layer, and would spend 10 to 20 % of its time on page faults.
"""

Message = tuple["WorkerProcess", str, Any]
_log = logging.getLogger(__name__)


class WorkerProcess:
    """One worker process and the tasks it has in progress.

    It is started as a separate program, so that scripts need no ``if __name__ == "__main__"``. It exits when
    its standard input is closed, however the parent process ended.

    Args:
        job: settings shared by all tasks.
        placement: device, threads, number of concurrent tasks.
        messages: queue for the messages of the process: ``(worker, kind, content)`` as described in
            `process`, and ``(worker, "died", None)`` after it has ended.

    Attributes:
        placement: device, threads, number of concurrent tasks.
        in_progress: tasks that were submitted and have no result yet, by source.
        begun: sources of the tasks in progress that the process has reported as begun.
        ready: whether the model is loaded.
        alone: whether it was given a task that must run without others beside it.
    """

    def __init__(self, job: Job, placement: Placement, messages: queue.Queue[Message]) -> None:
        self.placement = placement
        self.in_progress: dict[str, Task] = {}
        self.begun: set[str] = set()
        self.ready = self.alone = False
        self._finishing = False
        self._last_lines: deque[str] = deque(maxlen=20)
        self._process = _start_process(placement.threads)
        self._stderr_reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._stderr_reader.start()
        threading.Thread(target=self._read_messages, args=(messages,), daemon=True).start()
        options = job.options.with_changes(device=placement.device)
        level = logging.getLogger("llflow_photo").getEffectiveLevel()
        job = replace(job, options=options, threads=placement.threads)
        self._send(Setup(job, placement.depth, level))

    def has_room(self) -> bool:
        """Whether it can be given another task now."""
        depth = 1 if self.alone else self.placement.depth
        return self.ready and not self._finishing and len(self.in_progress) < depth

    def submit(self, task: Task) -> None:
        """Send a task to the process."""
        self.in_progress[task.source] = task
        self._send(task)

    def complete(self, source: str) -> None:
        """Note that the result of a task has been received."""
        del self.in_progress[source]
        self.begun.discard(source)
        self.alone = self.alone and bool(self.in_progress)

    def finish(self) -> None:
        """Tell the process that there are no more tasks."""
        if not self._finishing:
            self._finishing = True
            self._send(None)

    def cancel(self) -> None:
        """Ask the process to abandon the tasks in progress."""
        self._finishing = True
        self._send(CANCEL)

    def terminate(self, grace_seconds: float = 0.0) -> None:
        """Wait for the process to exit, and kill it after ``grace_seconds``."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # unread messages cannot be flushed
            self._process.stdin.close()

    def exit_reason(self) -> str:
        """How the process ended, and its last line of output. A process that still runs is terminated."""
        self.terminate(EXIT_SECONDS)
        self._stderr_reader.join(EXIT_SECONDS)
        code = self._process.returncode
        try:
            how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        except ValueError:
            how = f"killed by signal {-code}"
        output = f"; last line of its output: {self._last_lines[-1]}" if self._last_lines else ""
        return f"the worker process died ({how}{output})"

    def raise_start_failure(self) -> None:
        """
        Raises:
            WorkerError: always, with the last output of the process.
        """
        output = "\n".join(self._last_lines)
        raise WorkerError(f"{self.exit_reason()} before it was ready\n{output}".rstrip())

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError:
            _log.debug("a worker process no longer reads its input")  # the message "died" follows

    def _read_messages(self, messages: queue.Queue[Message]) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while True:
                try:
                    kind, content = pickle.load(stream)
                except EOFError:
                    break
                except Exception as error:  # unpickling can raise any exception
                    _log.debug("a message of a worker process cannot be read: %r", error)
                    break
                messages.put((self, kind, content))
        messages.put((self, "died", None))

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    self._last_lines.append(text)
                    _log.debug("worker process: %s", text)


def _start_process(threads: int) -> subprocess.Popen[bytes]:
    """
    Raises:
        WorkerError: the system cannot start a process, for instance because memory is exhausted.
    """
    try:
        return subprocess.Popen(
            [sys.executable, "-c", f"from {main.__module__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(threads),
        )
    except OSError as error:
        raise WorkerError(f"no worker process can be started: {error.strerror or error}") from error


def environment(threads: int) -> dict[str, str]:
    """Environment variables of a worker process.

    Those of this process, with the number of threads of numerical libraries, settings that keep freed memory
    for the next photo, and the module search path of this process.
    """
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**_MALLOC_SETTINGS, **os.environ, **counts, "PYTHONPATH": path}


def terminate_all(workers: list[WorkerProcess], seconds: float) -> None:
    """Terminate all processes; ``seconds`` is the grace time of all of them together."""
    deadline = time.monotonic() + seconds
    for worker in workers:
        worker.terminate(max(0.0, deadline - time.monotonic()))
