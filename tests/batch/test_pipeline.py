"""Who is to blame when a process dies, with processes that follow a script."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import pytest
from batch_helpers import make_batch

from llflow_photo.batch.recording.record import PhotoRecord
from llflow_photo.batch.workers import pipeline
from llflow_photo.batch.workers.placement import Placement
from llflow_photo.batch.workers.pool import WorkerProcess
from llflow_photo.batch.workers.work import Job, Task


class Scripted(WorkerProcess):
    """Runs its tasks when there is no room for more.

    ``kills`` in a photo's name kills it, ``once`` when the photo is begun for the first time; ``late`` is not
    begun beside one that kills.
    """

    begun_before: set[str]
    log: list[tuple[str, ...]]

    def __init__(self, job: Job, placement: Placement, messages: queue.Queue[Any]) -> None:
        self.placement, self._messages = placement, messages
        self.in_progress, self.begun = {}, set()
        self.ready = self.alone = self._finishing = False
        self._say("ready")

    def submit(self, task: Task) -> None:
        self.in_progress[task.source] = task
        if not self.has_room() or self.alone:
            self._act()

    def _act(self) -> None:
        self.log.append(tuple(self.in_progress))
        begun = [name for name in self.in_progress if "kills" not in self.in_progress or "late" not in name]
        for source in begun:
            self._say("stage", (source, "reading"))
        for source in begun:
            first = source not in self.begun_before
            self.begun_before.add(source)
            if "kills" in source or ("once" in source and first):
                return self._say("died")
            self._say("result", PhotoRecord(source, "done"))
        return None

    def _say(self, kind: str, content: Any = None) -> None:
        self._messages.put((self, kind, content))

    def exit_reason(self) -> str:
        return "it died"

    def cancel(self) -> None:
        pass

    def finish(self) -> None:
        pass

    def terminate(self, grace_seconds: float = 0.0) -> None:
        pass


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A function from photos' names to their rows and to the tasks that processes had in progress."""

    def run(*names: str) -> tuple[dict[str, PhotoRecord], list[tuple[str, ...]]]:
        monkeypatch.setattr(Scripted, "begun_before", set(), raising=False)
        monkeypatch.setattr(Scripted, "log", [], raising=False)
        monkeypatch.setattr(pipeline, "WorkerProcess", Scripted)
        tasks = [Task(name, name, 1, 1, (name,), "") for name in names]
        job = make_batch(tmp_path, tmp_path).job
        told = list(pipeline.run_local(job, tasks, [Placement("cpu", 1, 2)]))
        return {record.source: record for kind, record in told if kind == "result"}, Scripted.log

    return run


def test_bystanders_are_not_blamed(run: Any) -> None:
    records, log = run("kills", "once")
    assert records["once"].status == "done"
    assert records["kills"].reason == "it died, 2 times at this photo"
    assert log == [("kills", "once"), ("kills",), ("once",), ("kills",), ("once",)]


def test_what_was_not_begun_is_no_suspect(run: Any) -> None:
    records, log = run("kills", "late once", "a")
    assert {name for name, record in records.items() if record.status == "done"} == {"late once", "a"}
    assert log == [("kills", "late once"), ("late once", "a"), ("kills",), ("late once",), ("a",)]


def test_a_process_that_dies_before_it_begins_anything_is_not_started_forever(run: Any) -> None:
    class Mute(Scripted):
        def _act(self) -> None:
            self._say("died")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scripted, "_act", Mute._act)
        records, _ = run("a", "b", "c", "d")
    assert {record.status for record in records.values()} == {"failed"}
