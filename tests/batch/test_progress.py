"""Progress of a batch."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from llflow_photo.batch.recording.progress import Event, Tally
from llflow_photo.batch.recording.record import PhotoRecord
from llflow_photo.cli.batch_progress import watch_batch


def test_rate_and_time_left_follow_the_clock() -> None:
    now = [100.0]
    events: list[Event] = []
    tally = Tally(events.append, 10, clock=lambda: now[0])
    tally.count([PhotoRecord("x", "skipped", "done before"), PhotoRecord("y", "failed", "broken")])
    tally.start()
    assert (events[-1].rate, events[-1].seconds_remaining) == (0.0, None)
    for name in "abcd":
        tally.stage(name, "network")
        now[0] += 2.0
        tally.photo(PhotoRecord(name, "done"))
    last = events[-1]
    assert (last.done, last.skipped, last.failed) == (4, 1, 1)
    assert last.rate == pytest.approx(0.5)
    assert last.seconds_remaining == pytest.approx(8.0)
    assert events[-2].current == ("d",)
    assert last.current == ()


def test_every_photo_is_reported_once_and_its_stages_in_order(
    batch: Callable[..., Any], photos: Callable[..., Path], tmp_path: Path
) -> None:
    events: list[Event] = []
    batch(photos("a.png", "b.png", "bug.png"), tmp_path / "out", progress=events.append)
    assert (events[0].kind, events[-1].kind) == ("start", "end")
    assert sorted(event.source for event in events if event.kind == "photo") == ["a.png", "b.png", "bug.png"]
    stages = [event.stage for event in events if event.kind == "stage" and event.source == "a.png"]
    assert stages == ["reading", "network", "writing"]
    assert (events[-1].done, events[-1].failed, events[-1].total) == (2, 1, 3)


def test_errors_of_the_callable_end_the_batch(
    batch: Callable[..., Any], photos: Callable[..., Path], tmp_path: Path
) -> None:
    def fail(event: Event) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        batch(photos("a.png"), tmp_path / "out", progress=fail)
    assert batch(tmp_path / "in", tmp_path / "out").ok


EVENTS = [
    Event("start", 2),
    Event("stage", 2, current=("a.png",), source="a.png", stage="network"),
    Event(
        "photo", 2, 1, 0, 0, (), 0.5, 2.0, "a.png", "", PhotoRecord("a.png", "done", seconds={"network": 1.5})
    ),
    Event("photo", 2, 1, 0, 1, (), 0.5, 0.0, "b[1].png", "", PhotoRecord("b[1].png", "failed", "no image")),
    Event("end", 2, 1, 0, 1),
]


def shown(mode: Any, terminal: bool) -> str:
    written = io.StringIO()
    with watch_batch(mode, Console(file=written, force_terminal=terminal, width=80, no_color=True)) as follow:
        for event in EVENTS:
            follow(event)
    return written.getvalue()


def test_lines_for_logs() -> None:
    assert shown("live", False).splitlines() == [
        "1/2 a.png: 1.5 s, 0:00:02 left",
        "failed: b[1].png: no image",
    ]


def test_quiet_prints_only_failures() -> None:
    assert shown("quiet", False) == "failed: b[1].png: no image\n"


def test_the_live_display_shows_count_and_failures() -> None:
    text = shown("live", True)
    assert "2/2" in text
    assert "1 failed so far" in text


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    shown("json", False)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["kind"] for event in lines] == ["start", "stage", "photo", "photo", "end"]
    assert lines[3]["row"]["reason"] == "no image"
    assert lines[2]["seconds_remaining"] == 2.0
