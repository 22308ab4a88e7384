"""Tasks of worker processes that die are tried again or given up, with processes that follow a script."""

from __future__ import annotations

import queue
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from batch_helpers import make_batch

from llflow_photo.batch.job import Job, Task
from llflow_photo.batch.recording.record import PhotoRecord
from llflow_photo.batch.workers import pipeline
from llflow_photo.batch.workers.placement import Placement
from llflow_photo.batch.workers.pool import WorkerProcess


class Scripted(WorkerProcess):
    """Runs its tasks when there is no room for more, so tests need an even number of photos besides suspects.

    A photo named ``kills`` always kills its process, one named ``kills 2`` at the first two attempts. A photo
    whose name contains ``late`` is not begun beside the photo ``kills``.
    """

    deaths: Counter[str]

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
        begun = [name for name in self.in_progress if "kills" not in self.in_progress or "late" not in name]
        for source in begun:
            self._say("stage", (source, "reading"))
        for source in begun:
            if self.deaths[source] < _deaths_of(source):
                self.deaths[source] += 1
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


def _deaths_of(source: str) -> float:
    found = re.search(r"kills ?(\d*)", source)
    if found is None:
        return 0
    return int(found[1]) if found[1] else float("inf")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A function from names of photos to their records, with two tasks in progress in a process."""

    def run(*names: str) -> dict[str, PhotoRecord]:
        monkeypatch.setattr(Scripted, "deaths", Counter(), raising=False)
        monkeypatch.setattr(pipeline, "WorkerProcess", Scripted)
        tasks = [Task(name, name, 1, 1, (name,), "") for name in names]
        job = make_batch(tmp_path, tmp_path).job
        outputs = list(pipeline.run_local(job, tasks, [Placement("cpu", 1, 2)]))
        records = [content for kind, content in outputs if kind == "result"]
        assert sorted(record.source for record in records) == sorted(names)
        return {record.source: record for record in records}

    return run


def _done(records: dict[str, PhotoRecord]) -> set[str]:
    return {name for name, record in records.items() if record.status == "done"}


def test_a_photo_is_given_up_after_two_deaths_with_no_other_suspect(run: Any) -> None:
    records = run("kills", "kills 1", "a", "b")
    assert _done(records) == {"kills 1", "a", "b"}
    assert records["kills"].reason == "it died, 2 times with only this photo in progress"
    assert Scripted.deaths["kills"] == 3  # at the first one, there was another suspect


def test_a_death_with_other_suspects_does_not_count(run: Any) -> None:
    # It kills a process beside another photo, then one alone, and would be given up if both counted.
    assert _done(run("kills 2", "a")) == {"kills 2", "a"}
    assert _done(run("kills 3", "a")) == {"a"}


def test_a_photo_that_was_not_begun_is_no_suspect(run: Any) -> None:
    # As a suspect, it would be tried alone after the first death, and then be given up after two more deaths.
    assert _done(run("kills", "late kills 2", "a")) == {"late kills 2", "a"}


def test_a_process_that_dies_before_it_begins_a_task_is_not_restarted_forever(run: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scripted, "_act", lambda self: self._say("died"))
        records = run("a", "b", "c", "d")
    assert {record.status for record in records.values()} == {"failed"}
