"""The processes of a batch on this machine, seen from the process that runs it."""

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
from .placement import Placement
from .process import CANCEL, Setup, main
from .work import Job, Task

__all__ = ["Lane", "Message", "environment", "wait_all"]

SILENT_SECONDS = 5.0
"""What a process whose output has ended gets to end itself."""

_KEEPING_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
}
"""The C library of Linux gives large arrays back to the system as soon as they are freed. The network asks
for the same again layer after layer, and would spend a tenth to a fifth of its time on getting them anew,
page by page.
"""

Message = tuple["Lane", str, Any]
_log = logging.getLogger(__name__)


class Lane:
    """One process and the tasks it has in hand.

    It is started as a program of its own, so that scripts need no ``if __name__ == "__main__"`` and the
    process ends when its input does, however this one ended.

    Args:
        job: what the tasks have in common.
        placement: device, threads, tasks at a time.
        messages: where to put what the process says: ``(lane, kind, content)`` as of `lane`, and
            ``(lane, "died", None)`` when it has ended.

    Attributes:
        placement: device, threads, tasks at a time.
        in_hand: the tasks it was given and has not answered, by source.
        begun: sources of those that it said it began.
        ready: it has loaded the model.
        alone: it has a task that gets a process of its own.
    """

    def __init__(self, job: Job, placement: Placement, messages: queue.Queue[Message]) -> None:
        self.placement = placement
        self.in_hand: dict[str, Task] = {}
        self.begun: set[str] = set()
        self.ready = self.alone = False
        self._finishing = False
        self._last_words: deque[str] = deque(maxlen=20)
        self._process = _started(placement.threads)
        self._overhearing = threading.Thread(target=self._overhear, daemon=True)
        self._overhearing.start()
        threading.Thread(target=self._listen, args=(messages,), daemon=True).start()
        options = job.options.with_changes(device=placement.device)
        level = logging.getLogger("llflow_photo").getEffectiveLevel()
        job = replace(job, options=options, threads=placement.threads)
        self._send(Setup(job, placement.depth, level))

    def has_room(self) -> bool:
        """Whether it can take a task now."""
        depth = 1 if self.alone else self.placement.depth
        return self.ready and not self._finishing and len(self.in_hand) < depth

    def give(self, task: Task) -> None:
        """Hand over a task."""
        self.in_hand[task.source] = task
        self._send(task)

    def take_back(self, source: str) -> None:
        """Note that a task is done."""
        del self.in_hand[source]
        self.begun.discard(source)
        self.alone = self.alone and bool(self.in_hand)

    def finish(self) -> None:
        """Say that no more tasks will come."""
        if not self._finishing:
            self._finishing = True
            self._send(None)

    def cancel(self) -> None:
        """Ask it to abandon what it has in hand."""
        self._finishing = True
        self._send(CANCEL)

    def end(self, grace_seconds: float = 0.0) -> None:
        """Make sure that the process is gone, giving it some time to go by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what it no longer read
            self._process.stdin.close()

    def cause_of_death(self) -> str:
        """In words: how the process ended, and the last line it said. One that fell silent is ended."""
        self.end(SILENT_SECONDS)
        self._overhearing.join(SILENT_SECONDS)
        code = self._process.returncode
        try:
            how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        except ValueError:
            how = f"killed by signal {-code}"
        said = f"; its last words: {self._last_words[-1]}" if self._last_words else ""
        return f"the worker process died ({how}{said})"

    def raise_death_at_start(self) -> None:
        """
        Raises:
            WorkerError: always, with what the process said.
        """
        words = "\n".join(self._last_words)
        raise WorkerError(f"{self.cause_of_death()} before it could take a photo\n{words}".rstrip())

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError:
            _log.debug("a worker process no longer listens")  # "died" follows

    def _listen(self, messages: queue.Queue[Message]) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as said:
            while True:
                try:
                    kind, content = pickle.load(said)
                except EOFError:
                    break
                except Exception as error:  # reading a pickle raises errors of all kinds
                    _log.debug("a worker process is not understood: %r", error)
                    break
                messages.put((self, kind, content))
        messages.put((self, "died", None))

    def _overhear(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as said:
            for line in said:
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    self._last_words.append(text)
                    _log.debug("worker process: %s", text)


def _started(threads: int) -> subprocess.Popen[bytes]:
    """
    Raises:
        WorkerError: the system refuses, as where memory or processes are used up.
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
    """Of a worker process: ours, with the number of threads of numerical libraries, an allocator that keeps
    memory for the next photo, and modules found where we find them.
    """
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**_KEEPING_MEMORY, **os.environ, **counts, "PYTHONPATH": path}


def wait_all(lanes: list[Lane], seconds: float) -> None:
    """End all lanes, the time being for all of them together."""
    deadline = time.monotonic() + seconds
    for lane in lanes:
        lane.end(max(0.0, deadline - time.monotonic()))
