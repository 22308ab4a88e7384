"""Batches on clusters, here with all workers on this machine."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llflow_photo.batch.cluster.connection import TaskMonitor, connected
from llflow_photo.batch.cluster.task import SharedLock
from llflow_photo.errors import OptionError

Run = Callable[..., Any]
Photos = Callable[..., Path]
Hashes = Callable[[Path], dict[str, str]]


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for each time a worker loaded the model."""
    return tmp_path_factory.mktemp("loads")


@pytest.fixture(scope="module")
def cluster(loads: Path) -> Iterator[Any]:
    """A local Dask cluster of three worker processes."""
    distributed = pytest.importorskip("distributed")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with distributed.LocalCluster(
        n_workers=3,
        threads_per_worker=1,
        dashboard_address=None,
        env={"PYTHONPATH": os.environ["PYTHONPATH"], "FAKE_SECONDS": "0.1", "FAKE_LOADS": str(loads)},
    ) as local:
        yield local


def test_dask_gives_the_same_bytes_and_survives_a_killed_worker(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path, cluster: Any
) -> None:
    source = photos(*(f"p{number:02}.png" for number in range(24)))
    (source / "broken.png").write_text("no image")
    batch(source, tmp_path / "local")
    victims: list[int] = []

    def kill_one(event: Any) -> None:
        if event.done == 5 and not victims:
            victims.append(next(iter(cluster.workers.values())).pid)
            os.kill(victims[0], signal.SIGKILL)

    report = batch(
        source, tmp_path / "dask", backend="dask", address=cluster.scheduler_address, progress=kill_one
    )
    assert victims
    assert len(report.done) == 24
    assert [record.source for record in report.failed] == ["broken.png"]
    assert not report.stopped
    assert hashes(tmp_path / "dask") == hashes(tmp_path / "local")


def test_workers_load_the_model_once(
    batch: Run, photos: Photos, tmp_path: Path, cluster: Any, loads: Path
) -> None:
    before = set(loads.iterdir())
    source = photos(*(f"p{number:02}.png" for number in range(12)))
    assert batch(source, tmp_path / "out", backend="dask", address=cluster.scheduler_address).ok
    assert 1 <= len(set(loads.iterdir()) - before) <= 3


def test_a_photo_that_kills_every_worker_is_given_up(
    batch: Run, photos: Photos, tmp_path: Path, cluster: Any
) -> None:
    source = photos("a.png", "b.png", "c.png", "kills.png")
    report = batch(source, tmp_path / "out", backend="dask", address=cluster.scheduler_address)
    assert sorted(record.source for record in report.done) == ["a.png", "b.png", "c.png"]
    assert "died, 2 times with only this photo in progress" in report.failed[0].reason


def test_a_cluster_of_one_worker_keeps_the_work_out_of_this_process(
    batch: Run, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    monkeypatch.setenv("FAKE_LOADS", str(tmp_path))
    paths = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])}
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, env=paths
    ) as local:
        report = batch(photos("a.png"), tmp_path / "out", backend="dask", address=local.scheduler_address)
    assert report.ok
    assert not list(tmp_path.glob(f"{os.getpid()}-*"))


def test_tasks_that_the_engine_gives_up_are_submitted_again(
    batch: Run, photos: Photos, tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, begun = TaskMonitor.lost_task, []

    def gives_up_twice(monitor: TaskMonitor) -> Exception | None:
        begun.append(monitor)
        return RuntimeError("given up") if len(begun) <= 2 else lost(monitor)

    monkeypatch.setattr(TaskMonitor, "lost_task", gives_up_twice)
    source = photos(*(f"p{number:02}.png" for number in range(12)))
    # Several renderings per photo, so that there are intervals without messages, in which tasks are checked.
    report = batch(source, tmp_path / "out", backend="dask", address=cluster.scheduler_address, samples=5)
    assert len(begun) >= 2
    assert len(report.done) == 12


def test_cancel_stops_submitting(batch: Run, photos: Photos, tmp_path: Path, cluster: Any) -> None:
    source = photos(*(f"p{number:02}.png" for number in range(24)))
    finished: list[str] = []

    def note(event: Any) -> None:
        if event.kind == "photo":
            finished.append(event.source)

    report = batch(
        source,
        tmp_path / "out",
        backend="dask",
        address=cluster.scheduler_address,
        progress=note,
        cancel=lambda: bool(finished),
    )
    assert report.stopped == "cancelled"
    assert len(report.planned) > 10
    with cluster.get_client() as client:
        while any(client.processing().values()):  # photos in progress are finished
            time.sleep(0.05)
    assert batch(source, tmp_path / "out").ok


def test_another_joblib_backend(batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path) -> None:
    source = photos(*(f"p{number}.png" for number in range(6)))
    batch(source, tmp_path / "local")
    events: list[Any] = []
    assert batch(source, tmp_path / "out", backend="loky", jobs=2, progress=events.append).ok
    assert hashes(tmp_path / "out") == hashes(tmp_path / "local")
    assert sum(event.kind == "photo" for event in events) == 6


def test_an_engine_that_gives_up_is_started_again(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos(*(f"p{number}.png" for number in range(6)), "once.png", "kills.png")
    report = batch(source, tmp_path / "out", backend="loky", jobs=2)
    assert len(report.done) == 7
    assert [record.source for record in report.failed] == ["kills.png"]


def test_four_processes_give_the_bytes_of_one(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path
) -> None:
    source = photos(*(f"p{number}.png" for number in range(16)))
    batch(source, tmp_path / "one", jobs=1, samples=2, temperature=0.8)
    batch(source, tmp_path / "four", jobs=4, samples=2, temperature=0.8)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "four")
    assert len(set(hashes(tmp_path / "one").values())) == 32


def test_an_exclusive_holder_waits_for_the_others_and_keeps_new_ones_out() -> None:
    lock, events = SharedLock(), {name: threading.Event() for name in ("first", "exclusive", "late")}
    ended: list[str] = []

    def work(name: str, exclusive: bool, until: threading.Event | None) -> None:
        with lock(exclusive):
            events[name].set()
            if until is not None:
                assert until.wait(60)
            ended.append(name)

    leave, finish = threading.Event(), threading.Event()
    first = threading.Thread(target=work, args=("first", False, leave))
    first.start()
    assert events["first"].wait(60)
    exclusive = threading.Thread(target=work, args=("exclusive", True, finish))
    exclusive.start()
    assert not events["exclusive"].wait(0.2)
    leave.set()
    assert events["exclusive"].wait(60)
    late = threading.Thread(target=work, args=("late", False, None))
    late.start()
    assert not events["late"].wait(0.2)
    finish.set()
    for thread in (first, exclusive, late):
        thread.join(60)
    assert ended == ["first", "exclusive", "late"]


def test_unknown_backends_are_rejected(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos("a.png")
    with pytest.raises(OptionError, match="'nonsense'"):
        batch(source, tmp_path / "out", backend="nonsense")
    assert not (tmp_path / "out").exists()
    with pytest.raises(OptionError, match="takes no address"):
        batch(source, tmp_path / "out", backend="loky", address="tcp://127.0.0.1:1")
    with pytest.raises(OptionError, match="address of the cluster is empty"):
        batch(source, tmp_path / "out", backend="dask", address="")


@pytest.mark.parametrize(
    "given",
    [
        {"backend": "nonsense"},
        {"backend": "loky", "address": "tcp://127.0.0.1:1"},
        {"address": "tcp://127.0.0.1:1"},
        {"jobs": 0},
    ],
)
def test_a_dry_run_rejects_what_a_run_rejects(
    batch: Run, photos: Photos, tmp_path: Path, given: dict[str, Any]
) -> None:
    with pytest.raises(OptionError):
        batch(photos("a.png"), tmp_path / "out", dry_run=True, **given)


@pytest.mark.parametrize("backend", ["threading", "multiprocessing", "sequential"])
def test_backends_that_do_not_survive_a_dead_worker_are_rejected(
    batch: Run, photos: Photos, tmp_path: Path, backend: str
) -> None:
    with pytest.raises(OptionError, match=f"'{backend}' .*; use one of dask, .*local, loky"):
        batch(photos("a.png"), tmp_path / "out", backend=backend)


def test_no_more_workers_are_started_than_there_are_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    started: list[int] = []

    @contextlib.contextmanager
    def cluster(n_workers: int, **_: Any) -> Iterator[str]:
        started.append(n_workers)
        yield "cluster"

    monkeypatch.setattr(distributed, "LocalCluster", cluster)
    monkeypatch.setattr(distributed, "Client", contextlib.nullcontext)
    for jobs, tasks in ((30, 4), (2, 4), (None, 1)):
        with connected("dask", None, jobs, tasks):
            pass
    assert started == [4, 2, 1]
    with connected("loky", None, 30, 4) as (engine, _):
        assert engine()["n_jobs"] == 4


def test_series_on_dask_give_the_bytes_of_a_local_batch(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path, cluster: Any
) -> None:
    source = photos(*(f"p{number}.png" for number in range(6)))
    given: dict[str, Any] = {"series": "all", "temperature": 0.8}
    here = batch(source, tmp_path / "local", **given)
    there = batch(source, tmp_path / "dask", backend="dask", address=cluster.scheduler_address, **given)
    assert here.series == there.series
    assert hashes(tmp_path / "dask") == hashes(tmp_path / "local")
    batch(source, tmp_path / "alone", temperature=0.8)
    assert hashes(tmp_path / "alone").keys() == hashes(tmp_path / "local").keys()
    assert hashes(tmp_path / "alone") != hashes(tmp_path / "local")
