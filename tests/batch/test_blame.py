"""The policy that decides which photo is to blame for the death of a worker process."""

from __future__ import annotations

from pathlib import Path

import pytest
from batch_helpers import make_batch

from llflow_photo.batch.cluster.task import _mark_of, do_task, is_suspect
from llflow_photo.batch.job import Job, Task
from llflow_photo.batch.output import MARKS
from llflow_photo.batch.workers.blame import Deaths, given_up, suspects


def test_only_photos_that_were_begun_are_suspects() -> None:
    assert suspects(["a", "b", "c"], {"b", "c"}) == ("b", "c")
    assert suspects(["a", "b"], set()) == ("a", "b")
    assert suspects([], set()) == ()


def test_deaths_with_other_suspects_do_not_count() -> None:
    deaths = Deaths()
    assert not deaths.is_suspect
    for _ in range(5):
        deaths = deaths.one_more(suspects=2)
    assert deaths.is_suspect and not deaths.is_to_blame
    deaths = deaths.one_more(suspects=1)
    assert not deaths.is_to_blame
    assert deaths.one_more(suspects=1).is_to_blame


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return make_batch(tmp_path, tmp_path / "out").job


def _task(path: Path) -> Task:
    return Task(path.name, str(path), path.stat().st_size, path.stat().st_mtime_ns, (path.name,), "")


def test_a_cluster_counts_the_unfinished_starts_of_a_photo_except_the_first(job: Job, photos, batch) -> None:
    """A worker that dies leaves the mark of the photo that it has begun."""
    task = _task(photos("a.png") / "a.png")
    assert do_task(job, task).status == "done"
    assert not is_suspect(job, task)
    marks = []
    for starts in (1, 2):
        _begin(job, task, starts)
        marks.append(is_suspect(job, task))
        assert do_task(job, task).status == "done"
        assert not is_suspect(job, task)
    assert marks == [True, True]
    _begin(job, task, 3)
    record = do_task(job, task)
    assert (record.status, record.error) == ("failed", "WorkerError")
    assert record.reason == given_up(task, job, "the worker process died", Deaths(1, 2)).reason
    assert "2 times with only this photo in progress" in record.reason


def _begin(job: Job, task: Task, starts: int) -> None:
    """What is left in the output folder if workers die while they run a task."""
    folder = Path(job.root) / MARKS
    folder.mkdir(parents=True, exist_ok=True)
    _mark_of(job, task).write_bytes(b"+" * starts)
