"""One photo of a batch on a cluster's worker: what travels there, and what comes back.

A photo is marked in the output folder while it is in hand, so that one that kills worker after worker is
found and given up. Engines that tell results only when all are there leave them in the output folder too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import secrets
import shutil
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ..output import MARKS
from ..recording.record import PhotoRecord
from ..workers.pipeline import died
from ..workers.renderer import load_renderer
from ..workers.work import Job, Task, Worker

__all__ = ["Room", "do_task", "leave_task", "left_rows", "remove_marks", "some_left", "starts"]

MAX_STARTS = 3
"""One less than the deaths after which Dask itself gives a task up."""

_ROW = ".row"
_log = logging.getLogger(__name__)


def do_task(job: Job, task: Task) -> PhotoRecord:
    """Do one task on a worker; several threads of a worker may."""
    count, mark = starts(job, task), _mark_of(job, task)
    if count >= MAX_STARTS:
        return died(task, job, f"the worker process died, {count} times at this photo")
    with _room(alone=count > 0):  # were it to die again, no other photo is to be suspected
        _mark(mark, count + 1)
        row = _worker(job)(task)
        with contextlib.suppress(OSError):
            mark.unlink()
    return row


def leave_task(job: Job, task: Task) -> None:
    """`do_task`, the row left as a file in the output folder."""
    row = do_task(job, task)
    folder = Path(job.root) / MARKS
    folder.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(8)
    (folder / f"{name}.part").write_text(json.dumps(row.to_json()), "utf-8")
    (folder / f"{name}.part").rename(folder / f"{name}{_ROW}")


def some_left(job: Job) -> bool:
    """Whether `left_rows` has something to give."""
    return any((Path(job.root) / MARKS).glob(f"*{_ROW}"))


def left_rows(job: Job) -> Iterator[PhotoRecord]:
    """Rows that `leave_task` left, each once."""
    for path in (Path(job.root) / MARKS).glob(f"*{_ROW}"):
        row = PhotoRecord.from_json(json.loads(path.read_text("utf-8")))
        path.unlink()
        yield row


def remove_marks(job: Job) -> None:
    """Remove all marks and rows left."""
    shutil.rmtree(Path(job.root) / MARKS, ignore_errors=True)


def starts(job: Job, task: Task) -> int:
    """How often a photo was taken in hand without being finished."""
    try:
        return len(_mark_of(job, task).read_bytes())
    except OSError:
        return 0


def _mark_of(job: Job, task: Task) -> Path:
    name = hashlib.sha256(task.source.encode("utf-8", "backslashreplace")).hexdigest()
    return Path(job.root) / MARKS / name


def _mark(mark: Path, starts: int) -> None:
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_bytes(b"+" * starts)
    except OSError:
        _log.debug("cannot mark %s", mark)  # where nothing can be written, the task itself will say so


class Room:
    """Where the threads of a process work: several at a time, or one that asks to be alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._claimed = False

    @contextlib.contextmanager
    def __call__(self, alone: bool) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._claimed)
            self._claimed = alone
            self._changed.wait_for(lambda: not (alone and self._inside))
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._claimed = self._claimed and not alone
                self._changed.notify_all()


_room = Room()
_making = threading.Lock()


def _worker(job: Job) -> Worker:
    with _making:
        return _made(job)


@lru_cache(maxsize=1)
def _made(job: Job) -> Worker:
    """One a process: its model is loaded once, its gate is shared by the process's threads."""
    return Worker(job, load_renderer(job))
