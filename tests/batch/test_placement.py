"""Processes and threads."""

from __future__ import annotations

import joblib
import pytest

from llflow_photo.batch import placement
from llflow_photo.batch.placement import place
from llflow_photo.errors import OptionError


@pytest.mark.parametrize(("cores", "jobs"), [(2, 1), (2, 2), (8, 3), (16, 16), (7, 4)])
def test_processes_times_threads_are_the_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, jobs: int
) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: cores)
    placements = place("cpu", jobs, 100)
    assert len(placements) == jobs
    assert sum(each.threads for each in placements) == cores


def test_memory_bounds_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 16)
    monkeypatch.setattr(placement, "_free_bytes", lambda: 10 << 30)
    assert [each.threads for each in place("cpu", None, 100)] == [6, 5, 5]
    monkeypatch.setattr(placement, "_free_bytes", lambda: 1 << 30)
    assert len(place("cpu", None, 100)) == 1


def test_never_more_processes_than_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    assert [each.threads for each in place("cpu", 8, 2)] == [4, 4]
    assert len(place("cpu", 8, 0)) == 1


def test_one_process_for_each_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 16)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert [(each.device, each.threads) for each in place("auto", None, 100)] == [
        ("cuda:0", 8),
        ("cuda:1", 8),
    ]
    assert [each.device for each in place("cuda:1", None, 100)] == ["cuda:1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert {each.device for each in place("auto", 2, 100)} == {"auto"}


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True])
def test_jobs_are_whole_numbers_from_one(jobs: int) -> None:
    with pytest.raises(OptionError, match="jobs is"):
        place("cpu", jobs, 1)
