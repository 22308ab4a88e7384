"""Processes and threads."""

from __future__ import annotations

import joblib
import pytest

from llflow_photo.batch.workers import placement
from llflow_photo.batch.workers.placement import place
from llflow_photo.errors import OptionError
from llflow_photo.machine import Memory

GIB = 1 << 30


def machine(monkeypatch: pytest.MonkeyPatch, cores: int, total: int, free: int | None = None) -> None:
    memory = Memory(total * GIB, (total if free is None else free) * GIB, False)
    monkeypatch.setattr(joblib, "cpu_count", lambda: cores)
    monkeypatch.setattr(placement, "memory", lambda: memory)


@pytest.mark.parametrize(
    ("cores", "total"), [(2, 24), (16, 64), (16, 12), (16, 32), (14, 12), (64, 48), (1, 1)]
)
def test_processes_times_threads_are_the_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, total: int
) -> None:
    machine(monkeypatch, cores, total)
    placements = place("cpu", None, 100)
    assert sum(each.threads for each in placements) == cores
    assert len(placements) * placement.PROCESS_BYTES <= max(total, 3) * GIB


def test_threads_depend_on_the_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 16, 24, free=7)
    found = [place("cpu", jobs, photos) for jobs in (None, 1, 8) for photos in (1, 100)]
    assert {each.threads for placements in found for each in placements} == {2}
    assert [len(placements) for placements in found] == [1, 2, 1, 1, 1, 8]


def test_one_process_per_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_jobs_are_positive_integers(jobs: int) -> None:
    with pytest.raises(OptionError, match="jobs is"):
        place("cpu", jobs, 1)


def test_a_container_with_two_gigabytes_gets_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 8, 2)
    placements = place("cpu", None, 100)
    assert [(each.threads, each.depth) for each in placements] == [(8, 1)]
