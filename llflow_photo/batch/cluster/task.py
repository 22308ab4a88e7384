"""Run one task of a batch on a worker of a cluster.

A photo is marked in the output folder while it is in progress, so that one that kills its workers is detected
and given up. With engines that return results only when all tasks are done, each result is written to a file
in the output folder.
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

from ..job import Job, Task
from ..output import MARKS
from ..recording.record import PhotoRecord
from ..workers.blame import Deaths, given_up
from ..workers.renderer import load_renderer
from ..workers.work import Worker

__all__ = [
    "SharedLock",
    "collect_results",
    "do_task",
    "do_task_to_file",
    "has_results",
    "is_suspect",
    "remove_marks",
    "unfinished_starts",
]

_RESULT = ".result"
_log = logging.getLogger(__name__)


def do_task(job: Job, task: Task) -> PhotoRecord:
    """Run one task on a worker; may be called by several threads of the worker."""
    starts, mark = unfinished_starts(job, task), _mark_of(job, task)
    deaths = Deaths.of_unfinished_starts(starts)
    if deaths.is_to_blame:  # Dask itself gives up a task only after more deaths
        return given_up(task, job, "the worker process died", deaths)
    with _lock(exclusive=deaths.is_suspect):
        _mark(mark, starts + 1)
        record = _worker(job)(task)
        with contextlib.suppress(OSError):
            mark.unlink()
    return record


def do_task_to_file(job: Job, task: Task) -> None:
    """Run `do_task` and write the record to a file in the output folder."""
    record = do_task(job, task)
    folder = Path(job.root) / MARKS
    folder.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(8)
    (folder / f"{name}.part").write_text(json.dumps(record.to_json()), "utf-8")
    (folder / f"{name}.part").rename(folder / f"{name}{_RESULT}")


def has_results(job: Job) -> bool:
    """Whether there are results that `collect_results` has not returned."""
    return any((Path(job.root) / MARKS).glob(f"*{_RESULT}"))


def collect_results(job: Job) -> Iterator[PhotoRecord]:
    """Yield the records that `do_task_to_file` wrote, and delete their files."""
    for path in (Path(job.root) / MARKS).glob(f"*{_RESULT}"):
        record = PhotoRecord.from_json(json.loads(path.read_text("utf-8")))
        path.unlink()
        yield record


def remove_marks(job: Job) -> None:
    """Remove all marks and result files."""
    shutil.rmtree(Path(job.root) / MARKS, ignore_errors=True)


def unfinished_starts(job: Job, task: Task) -> int:
    """How often the task of a photo was begun and not finished."""
    try:
        return len(_mark_of(job, task).read_bytes())
    except OSError:
        return 0


def is_suspect(job: Job, task: Task) -> bool:
    """Whether the photo of a task may have killed a worker; see `workers.blame`."""
    return Deaths.of_unfinished_starts(unfinished_starts(job, task)).is_suspect


def _mark_of(job: Job, task: Task) -> Path:
    name = hashlib.sha256(task.source.encode("utf-8", "backslashreplace")).hexdigest()
    return Path(job.root) / MARKS / name


def _mark(mark: Path, starts: int) -> None:
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_bytes(b"+" * starts)
    except OSError:
        _log.debug("cannot mark %s", mark)  # the task itself reports that nothing can be written


class SharedLock:
    """A lock held by several threads at a time, or exclusively by one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._holders = 0
        self._reserved = False

    @contextlib.contextmanager
    def __call__(self, exclusive: bool) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: not self._reserved)
            self._reserved = exclusive
            self._condition.wait_for(lambda: not (exclusive and self._holders))
            self._holders += 1
        try:
            yield
        finally:
            with self._condition:
                self._holders -= 1
                self._reserved = self._reserved and not exclusive
                self._condition.notify_all()


_lock = SharedLock()
_creation = threading.Lock()


def _worker(job: Job) -> Worker:
    with _creation:
        return _cached_worker(job)


@lru_cache(maxsize=1)
def _cached_worker(job: Job) -> Worker:
    """One worker per process: its model is loaded once, and the threads of the process share its gate."""
    return Worker(job, load_renderer(job))
