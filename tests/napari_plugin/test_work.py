"""Background jobs: only the newest request, cancellation, error messages, shutdown."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QTimer

from llflow_photo.errors import CancelledError, ImageInputError
from napari_plugin.newest import Newest
from napari_plugin.work import Job, Work

Until = Callable[..., None]


@pytest.fixture
def work(qtbot: Any, until: Until) -> Iterator[Work]:
    made = Work()
    yield made
    made.close()
    until(lambda: not made.running)


def test_jobs_run_in_a_thread_and_deliver_in_the_gui_thread(work: Work, until: Until) -> None:
    main, seen = threading.get_ident(), {}

    def function(job: Job) -> str:
        seen["worker"] = threading.get_ident()
        job.progress(1, 2)
        job.show("half")
        return "done"

    got: list[Any] = []
    work.start(
        "Test",
        function,
        lambda value: got.append((value, threading.get_ident())),
        shown=lambda value: got.append((value, threading.get_ident())),
        progressed=lambda done, total: got.append(((done, total), threading.get_ident())),
        ended=lambda: got.append(("ended", threading.get_ident())),
    )
    until(lambda: len(got) == 4)
    assert seen["worker"] != main
    assert [value for value, _ in got] == [(1, 2), "half", "done", "ended"]
    assert {thread for _, thread in got} == {main}


def test_errors_are_shown_with_the_job_s_title(work: Work, until: Until, messages: list[str]) -> None:
    ended: list[int] = []

    def fail(job: Job) -> None:
        raise ImageInputError("the photo is too strange")

    work.start("Test", fail, lambda value: ended.append(99), ended=lambda: ended.append(1))
    until(lambda: ended)
    assert ended == [1]
    assert any("Test: the photo is too strange" in message for message in messages)


def test_unexpected_errors_are_shown(work: Work, until: Until, messages: list[str]) -> None:
    ended: list[int] = []
    work.start("Test", lambda job: {}["no"], ended.append, ended=lambda: ended.append(1))
    until(lambda: ended)
    assert any("KeyError" in message for message in messages)


def test_cancelled_jobs_deliver_no_result_and_no_message(
    work: Work, until: Until, messages: list[str]
) -> None:
    got: list[Any] = []

    def function(job: Job) -> str:
        while not job.cancelled():
            time.sleep(0.005)
        job.show("late")
        raise CancelledError("cancelled")

    job = work.start("Test", function, got.append, shown=got.append, ended=lambda: got.append("ended"))
    job.cancel()
    until(lambda: got)
    assert got == ["ended"] and not messages


def test_closing_ends_all_jobs_silently(qtbot: Any, until: Until) -> None:
    work, got = Work(), []

    def function(job: Job) -> int:
        while not job.cancelled():
            time.sleep(0.005)
        return 1

    for _ in range(3):
        work.start("Test", function, got.append, ended=lambda: got.append("ended"), bar=True)
    work.close()
    until(lambda: not work.running)
    assert got == []


def test_the_activity_dock_s_cancel_button_cancels(work: Work, until: Until) -> None:
    ended: list[int] = []

    def function(job: Job) -> None:
        while not job.cancelled():
            job.progress(1, 10)
            time.sleep(0.01)

    work.start("A bar", function, ended.append, ended=lambda: ended.append(1), bar=True)
    assert not _bars("A bar")  # only if it takes long
    until(lambda: _bars("A bar"))
    (bar,) = _bars("A bar")
    assert (bar.n, bar.total) == (1, 10)
    bar.cancel()
    until(lambda: ended)
    assert not _bars("A bar")


def test_a_progress_bar_appears_no_sooner_than_the_job_wants(work: Work, until: Until, qtbot: Any) -> None:
    job = work.start("Slow bar", _until_cancelled, lambda _: None, bar=True, bar_after=600.0)
    qtbot.wait(1200)
    assert not _bars("Slow bar")
    job.cancel()
    until(lambda: not work.running)


def test_a_large_job_gives_its_memory_back(work: Work, until: Until) -> None:
    if not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("only glibc keeps freed memory")
    last: list[np.ndarray] = []

    def function(_job: Job) -> None:
        blocks = [np.ones(12_000) for _ in range(4000)]  # 384 MB in blocks of 96 kB
        last.append(blocks.pop())  # glibc returns freed memory by itself only above the last block in use

    before = _resident()
    work.start("Test", function, lambda _: None, large=True)
    until(lambda: not work.running)
    assert last and _resident() < before + 200e6


def _resident() -> float:
    """Memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def _until_cancelled(job: Job) -> None:
    while not job.cancelled():
        time.sleep(0.005)


def _bars(title: str) -> list[Any]:
    from napari.utils.progress import progress

    return [one for one in progress._all_instances if one.desc.startswith(title)]


def test_events_are_handled_between_two_reports_that_take_long(work: Work, until: Until) -> None:
    happened: list[str] = []

    def function(job: Job) -> None:
        job.show("first")
        job.show("second")

    def shown(which: str) -> None:
        QTimer.singleShot(0, lambda: happened.append(f"after {which}"))
        time.sleep(0.1)
        happened.append(which)

    work.start("Test", function, lambda _none: None, shown=shown)
    until(lambda: len(happened) == 4)
    assert happened == ["first", "after first", "second", "after second"]


def test_only_the_newest_of_many_requests_is_shown(work: Work, until: Until) -> None:
    newest, ran, got = Newest(work, "Test", delay_ms=5), [], []

    def request(number: int) -> None:
        def function(job: Job) -> int:
            ran.append(number)
            for _ in range(20):
                if job.cancelled():
                    raise CancelledError("stale")
                time.sleep(0.005)
            return number

        newest.request(function, got.append)

    for number in range(30):
        request(number)
    until(lambda: ran)
    request(100)
    until(lambda: got and not newest.busy)
    assert got == [100]
    assert len(ran) <= 3


def test_a_dropped_request_is_never_shown(work: Work, until: Until, qtbot: Any) -> None:
    newest, got = Newest(work, "Test", delay_ms=5), []
    newest.request(lambda job: 1, got.append)
    newest.drop()
    qtbot.wait(60)
    assert got == [] and not newest.busy
