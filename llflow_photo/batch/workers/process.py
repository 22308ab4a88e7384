"""The program of a worker process: `main`.

The process reads pickled messages from its standard input and writes pickled messages to its standard output.
Both ends are this package in the same installation.

Input: one `Setup`, then `Task`s, then None when there are no more.

Output: pairs ``("ready", None)``, ``("fatal", error)``, ``("stage", (source, stage))``,
``("result", record)`` and ``("log", (name, level, text))``. Where frames of a series are only summarized, the
result is a `FrameResult` instead of a `PhotoRecord`.

If the input ends without None, the parent process has died, and the worker exits at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO

from ...callbacks import Cancel
from ...errors import LLFlowPhotoError, WorkerError
from ..job import Job, Stage, Task
from .frames import FrameReader, FrameWorker
from .renderer import load_renderer
from .work import Worker

__all__ = ["CANCEL", "Setup", "main"]

CANCEL = "cancel"
"""Message that asks to abandon the tasks in progress."""


@dataclass(frozen=True)
class Setup:
    """The first message to a worker process.

    Attributes:
        job: settings shared by all tasks; its options name the device of this process.
        depth: number of concurrent tasks.
        log_level: level of the parent's logger; records below it are not sent.
    """

    job: Job
    depth: int
    log_level: int


def main() -> None:
    """Run tasks until there are no more."""
    # Ctrl-C reaches the whole process group; only the parent handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming, send = sys.stdin.buffer, _take_stdout()
    setup: Setup = pickle.load(incoming)
    _forward_logs(send, setup.log_level)
    job = setup.job
    try:
        renderer = load_renderer(job)
    except Exception as error:  # the parent reports why the model cannot be loaded
        known = isinstance(error, LLFlowPhotoError)
        send("fatal", error if known else WorkerError(f"{type(error).__name__}: {error}"))
        return
    tasks: queue.Queue[Task | None] = queue.Queue()
    cancelled = threading.Event()
    threading.Thread(target=_receive, args=(incoming, tasks, cancelled, setup.depth), daemon=True).start()
    worker = _worker(job, renderer, lambda source, stage: send("stage", (source, stage)), cancelled.is_set)
    send("ready", None)
    with ThreadPoolExecutor(setup.depth) as pool:
        for done in [pool.submit(_work, worker, tasks, send) for _ in range(setup.depth)]:
            done.result()


def _worker(job: Job, renderer: Any, stage: Stage, cancel: Cancel) -> Callable[[Task], Any]:
    """The callable for tasks: it renders photos, or only summarizes them."""
    if isinstance(renderer, FrameReader):
        return FrameWorker(renderer, stage, cancel)
    return Worker(job, renderer, stage, cancel)


def _work(worker: Callable[[Task], Any], tasks: queue.Queue[Task | None], send: _Sender) -> None:
    while (task := tasks.get()) is not None:
        send("result", worker(task))


def _receive(
    incoming: BinaryIO, tasks: queue.Queue[Task | None], cancelled: threading.Event, depth: int
) -> None:
    while True:
        try:
            message = pickle.load(incoming)
        except (EOFError, pickle.UnpicklingError, OSError):
            os._exit(1)
        if message == CANCEL:
            cancelled.set()
            message = None
        if message is None:
            for _ in range(depth):
                tasks.put(None)
            if not cancelled.is_set():
                continue  # the parent may still cancel, or die
        else:
            tasks.put(message)


class _Sender:
    """Writes messages to the parent; safe to call from several threads."""

    def __init__(self, outgoing: BinaryIO) -> None:
        self._outgoing, self._lock = outgoing, threading.Lock()

    def __call__(self, kind: str, content: Any) -> None:
        data = pickle.dumps((kind, content))
        with self._lock:
            try:
                self._outgoing.write(data)
                self._outgoing.flush()
            except OSError:
                os._exit(1)  # the parent no longer reads


def _take_stdout() -> _Sender:
    """Reserve the standard output for messages; output of libraries goes to the standard error."""
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return _Sender(outgoing)


def _forward_logs(send: _Sender, level: int) -> None:
    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with contextlib.suppress(Exception):  # a failing log call must not end the process
                text = self.format(record)
                send("log", (record.name, record.levelno, text))

    logger = logging.getLogger("llflow_photo")
    logger.setLevel(level)
    logger.addHandler(Forward())
    logger.propagate = False
