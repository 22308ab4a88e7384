"""Resuming after kills, changes and failures gives the files of an uninterrupted run."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llflow_photo.batch.output import remove_leftovers
from llflow_photo.batch.recording.manifest import MANIFEST_NAME, Manifest
from llflow_photo.batch.recording.report import BatchInterrupted
from llflow_photo.errors import BatchError

Run = Callable[..., Any]
Photos = Callable[..., Path]
Hashes = Callable[[Path], dict[str, str]]

NAMES = [f"{folder}p{number:02}.png" for folder in ("", "sub/") for number in range(10)]


def start(source: Path, output: Path, seconds: float) -> subprocess.Popen[bytes]:
    """Start a batch in a separate process that writes a line for each event."""
    program = textwrap.dedent(f"""
        from batch_helpers import make_batch
        from llflow_photo.batch.run import run_batch
        from pathlib import Path
        tell = lambda event: print(event.kind, flush=True)
        run_batch(make_batch(Path({str(source)!r}), Path({str(output)!r}), jobs=2, samples=2, progress=tell))
    """)
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "FAKE_SECONDS": str(seconds)}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE)


def read_events(process: subprocess.Popen[bytes], count: int) -> None:
    """Wait until the process has written this many lines or has ended."""
    assert process.stdout is not None
    for _ in range(count):
        process.stdout.readline()


def test_a_batch_killed_at_random_times_gives_the_files_of_an_uninterrupted_run(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path
) -> None:
    source = photos(*NAMES)
    assert batch(source, tmp_path / "whole", samples=2).ok
    chance = random.Random(7)
    kills = 0
    for _ in range(6):
        process = start(source, tmp_path / "killed", 0.05)
        read_events(process, chance.randint(1, 12))
        time.sleep(chance.uniform(0.0, 0.05))
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills  # later runs may already be done
    report = batch(source, tmp_path / "killed", samples=2)
    assert report.ok
    assert len(report.done) + len(report.skipped) == len(NAMES)
    assert hashes(tmp_path / "killed") == hashes(tmp_path / "whole")
    assert not list((tmp_path / "killed").rglob("*.part"))


def test_workers_of_a_killed_batch_end(photos: Photos, tmp_path: Path) -> None:
    process = start(photos(*NAMES), tmp_path / "out", 0.2)
    read_events(process, 2)  # a photo is in progress
    children = _children(process.pid)
    process.kill()
    process.wait()
    assert len(children) == 2
    deadline = time.monotonic() + 600
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_alive, children))


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    if not found.exists():
        pytest.skip("this system does not list child processes under /proc")
    return [int(child) for child in found.read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_second_run_does_only_what_is_missing_or_changed(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path
) -> None:
    source, output = photos("a.png", "b.png", "c.png", "d.png"), tmp_path / "out"
    assert len(batch(source, output).done) == 4
    before = hashes(output)
    assert [record.reason for record in batch(source, output).skipped] == ["done before"] * 4
    (output / "a.png").unlink()
    os.utime(source / "b.png", (1, 1))
    (source / "c.png").write_bytes((source / "d.png").read_bytes())
    report = batch(source, output)
    assert [record.source for record in report.done] == ["a.png", "c.png"]
    assert {record.source: record.reason for record in report.skipped} == {
        "b.png": "done before; only its date changed",
        "d.png": "done before",
    }
    after = hashes(output)
    # Another photo with the same name, perhaps of a second memory card: the result of the first one is kept.
    assert after.pop("c_png.png") == after["d.png"] != after["c.png"]
    assert after == before
    assert not batch(source, output).done


def test_a_truncated_output_is_rendered_again(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path
) -> None:
    source, output = photos("a.png"), tmp_path / "out"
    batch(source, output)
    before = hashes(output)
    (output / "a.png").write_bytes(b"short")
    assert len(batch(source, output).done) == 1
    assert hashes(output) == before


def test_other_settings_and_force_render_again(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png"), tmp_path / "out"
    batch(source, output)
    assert not batch(source, output).done
    assert len(batch(source, output, temperature=0.5).done) == 1
    assert len(batch(source, output, temperature=0.5, force=True).done) == 1
    assert len(batch(source, output).done) == 1


def test_failures_are_tried_again_only_if_the_photo_did_not_cause_them(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    source, output = photos("a.png", "bug.png"), tmp_path / "out"
    (source / "broken.png").write_text("no image")
    first = batch(source, output)
    assert {record.source: (record.error, record.lasting) for record in first.failed} == {
        "broken.png": ("FormatError", True),
        "bug.png": ("RuntimeError", False),
    }
    events: list[Any] = []
    second = batch(source, output, progress=events.append)
    assert [record.source for record in second.failed] == ["broken.png", "bug.png"]
    assert [event.source for event in events if event.kind == "photo"] == ["bug.png"]
    events.clear()
    batch(source, output, retry_failed=True, progress=events.append)
    assert sorted(event.source for event in events if event.kind == "photo") == ["broken.png", "bug.png"]
    photos("broken.png")
    assert [record.source for record in batch(source, output).done] == ["broken.png"]


def test_dry_run_changes_nothing(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png", "b.png"), tmp_path / "out"
    report = batch(source, output, dry_run=True)
    assert [record.source for record in report.planned] == ["a.png", "b.png"]
    assert report.ok
    assert not output.exists()
    batch(source, output)
    state = (output / MANIFEST_NAME).stat()
    (output / "a.png").unlink()
    assert [record.source for record in batch(source, output, dry_run=True).planned] == ["a.png"]
    assert (output / MANIFEST_NAME).stat().st_mtime_ns == state.st_mtime_ns


def test_dry_run_after_a_kill_within_a_transaction(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png", "b.png"), tmp_path / "out"
    batch(source, output)
    program = textwrap.dedent(f"""
        import os, sqlite3
        connection = sqlite3.connect({str(output / MANIFEST_NAME)!r})
        connection.execute("pragma cache_size = 1")
        connection.execute("begin exclusive")
        connection.execute("update photos set status = 'x', row = hex(zeroblob(100000))")
        os.kill(os.getpid(), 9)
    """)
    subprocess.run([sys.executable, "-c", program], check=False)
    assert (output / f"{MANIFEST_NAME}-journal").stat().st_size
    assert len(batch(source, output, dry_run=True).skipped) == 2
    assert (output / f"{MANIFEST_NAME}-journal").exists()
    assert len(batch(source, output).skipped) == 2


def test_one_batch_at_a_time(batch: Run, photos: Photos, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    for dry_run in (False, True):
        with Manifest(output), pytest.raises(BatchError, match="another batch"):
            batch(photos("a.png"), output, dry_run=dry_run)


def test_a_damaged_manifest_is_an_error(batch: Run, photos: Photos, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / MANIFEST_NAME).write_bytes(b"this is no database" * 100)
    with pytest.raises(BatchError, match="move it away"):
        batch(photos("a.png"), output)


@pytest.mark.parametrize(
    "damage",
    [
        "update photos set row = 'no json'",
        "update photos set row = '{}'",
        "update photos set row = '[1]'",
        """update photos set row = '{"source": "a.png", "status": "done", "outputs": 5}'""",
        "insert into series values ('key', 'auto', '', '{}', '{}')",
        "insert into series values ('key', 'auto', '', '{', 'null')",
    ],
)
def test_a_manifest_with_a_damaged_row_is_an_error(
    batch: Run, photos: Photos, tmp_path: Path, damage: str
) -> None:
    source = photos("a.png")
    batch(source, tmp_path / "out")
    with contextlib.closing(sqlite3.connect(tmp_path / "out" / MANIFEST_NAME)) as connection, connection:
        connection.execute(damage)
    for dry_run in (False, True):
        with pytest.raises(BatchError, match=r"a row is damaged: .*; move it away to start again"):
            batch(source, tmp_path / "out", dry_run=dry_run)


def test_other_programs_can_read_the_manifest(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos("a.png")
    (source / "broken.png").write_text("no image")
    batch(source, tmp_path / "out")
    with sqlite3.connect(tmp_path / "out" / MANIFEST_NAME) as connection:
        found = connection.execute(
            "select source, status, error, size > 0, length(content) from photos"
        ).fetchall()
    assert sorted(found) == [("a.png", "done", "", 1, 64), ("broken.png", "failed", "FormatError", 1, 64)]


def test_cancel_stops_soon_and_leaves_a_resumable_state(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = photos(*NAMES)
    batch(source, tmp_path / "whole")
    monkeypatch.setenv("FAKE_SECONDS", "0.1")
    finished: list[str] = []

    def note(event: Any) -> None:
        if event.kind == "photo":
            finished.append(event.source)

    report = batch(source, tmp_path / "out", progress=note, cancel=lambda: len(finished) >= 3)
    assert report.stopped == "cancelled"
    assert not report.ok
    assert len(report.done) == 3
    assert len(report.planned) == len(NAMES) - 3
    monkeypatch.setenv("FAKE_SECONDS", "0")
    assert batch(source, tmp_path / "out").ok
    assert hashes(tmp_path / "out") == hashes(tmp_path / "whole")


def test_an_interrupt_stops_with_a_report(
    batch: Run, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_SECONDS", "0.3")

    def interrupt(event: Any) -> None:
        if event.kind == "photo":
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(BatchInterrupted) as caught:
        batch(photos(*NAMES), tmp_path / "out", progress=interrupt)
    assert len(caught.value.report.done) == 1
    assert caught.value.report.page is not None
    assert caught.value.report.page.exists()
    assert not list((tmp_path / "out").rglob("*.part"))


def test_only_temporary_files_are_removed_even_with_line_breaks_in_names(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    left = [".new\nline.png.5e0ad0dc.part", "sub/.a.jpg.00ff00ff.part"]
    kept = ["new\nline.png", ".hidden.png", "sub/a.part"]
    for name in left + kept:
        (tmp_path / name).write_bytes(b"x")
    remove_leftovers(tmp_path, ["sub/a.jpg"])
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == set(kept)
