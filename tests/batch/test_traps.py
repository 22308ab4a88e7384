"""A failure of one photo does not affect the others."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llflow_photo.batch.output import choose_output
from llflow_photo.batch.recording.manifest import MANIFEST_NAME
from llflow_photo.batch.recording.record import PhotoRecord
from llflow_photo.batch.workers.work import failure
from llflow_photo.errors import BatchError, EmptyFolderError, ReadError, WorkerError

Run = Callable[..., Any]
Photos = Callable[..., Path]
Hashes = Callable[[Path], dict[str, str]]


def test_a_folder_with_files_that_cause_errors(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path
) -> None:
    good = ["夜 景/ü (1).png", "new\nline.png", "x" * 250 + ".png", "A.NEF", "b.png", "B.tif", "once.png"]
    source = photos(*good, "A.jpg", "kills.png", "bug.png", "vanishes.png", "changes.png")
    (source / "broken.png").write_bytes(b"\x89PNG broken")
    (source / "zero.png").touch()
    (source / "notes.txt").write_text("x")
    (source / "loop").symlink_to(source)
    (source / "dangling.png").symlink_to(source / "nowhere.png")
    (source / "folder.png").mkdir()
    before = hashes(source)
    report = batch(source, tmp_path / "out", jobs=2)
    assert not report.ok
    assert sorted(record.source for record in report.done) == sorted(good)
    assert {record.source: record.reason for record in report.skipped} == {
        "A.jpg": "the same frame as A.NEF",
        "notes.txt": "not a photo",
    }
    reasons = {record.source: record.reason for record in report.failed}
    assert set(reasons) == {
        *("broken.png", "zero.png", "kills.png", "bug.png", "vanishes.png", "changes.png", "dangling.png"),
    }
    assert "killed by SIGKILL" in reasons["kills.png"]
    assert "2 times with only this photo in progress" in reasons["kills.png"]
    assert "was deleted" in reasons["vanishes.png"]
    assert "changed while it was read" in reasons["changes.png"]
    assert reasons["bug.png"] == "a bug"
    assert len(hashes(tmp_path / "out")) == len(good)  # and no temporary files of killed workers
    touched = {name for name, digest in hashes(source).items() if before.get(name) != digest}
    assert touched == {"changes.png", "once.mark"}  # by the fake renderer, not by the batch


def test_photos_in_progress_beside_one_that_kills_the_worker_are_rendered(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path
) -> None:
    source = photos("kills.png", "once.png", "once more.png", "a.png")
    report = batch(source, tmp_path / "out")
    assert [record.source for record in report.failed] == ["kills.png"]
    assert len(report.done) == len(hashes(tmp_path / "out")) == 3


def test_a_denied_permission_is_reported() -> None:
    record = PhotoRecord("a.png", "failed")
    failed = failure(record, PermissionError(13, "Permission denied", "/in/a.png"), Path("/in/a.png"))
    assert failed.reason == "the photo may not be read; check its permissions"
    assert (failed.lasting, failed.stops) == (False, False)
    failed = failure(record, PermissionError(13, "Permission denied", "/out/sub"), Path("/in/a.png"))
    assert failed.reason == "/out/sub may not be accessed; check its permissions"
    read = ReadError("cannot open /in/a.png")
    read.__cause__ = PermissionError(13, "Permission denied", "/in/a.png")
    assert not failure(record, read, Path("/in/a.png")).lasting  # permissions can be changed


def test_an_output_folder_that_cannot_be_created_is_an_error(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BatchError, match="cannot be created: Not a directory"):
        batch(photos("a.png"), tmp_path / "file" / "out")


def test_names_that_are_not_utf8(batch: Run, photos: Photos, tmp_path: Path) -> None:
    try:
        source = photos("bad\udcff.png", "good.png")
    except OSError:
        pytest.skip("this file system supports only UTF-8 names")
    report = batch(source, tmp_path / "out")
    assert len(report.done) == 2
    assert len(batch(source, tmp_path / "out").skipped) == 2


def test_a_full_disk_stops_cleanly(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos("a.png", "full.png", *(f"z{number}.png" for number in range(30)))
    report = batch(source, tmp_path / "out")
    assert "full" in report.stopped
    assert [record.source for record in report.failed] == ["full.png"]
    assert report.planned
    assert not report.ok
    (source / "full.png").rename(source / "fine.png")
    assert batch(source, tmp_path / "out").ok


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function after which no new manifest and no existing one can grow."""
    connect = sqlite3.connect

    def full(*args: Any, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **more)
        connection.execute("pragma max_page_count = 1")
        return connection

    return lambda: monkeypatch.setattr(sqlite3, "connect", full)


def test_a_disk_that_is_full_before_the_batch(
    batch: Run, photos: Photos, tmp_path: Path, fill_disk: Callable[[], None]
) -> None:
    source, advice = photos("a.png"), "cannot be written to .database or disk is full.; free space"
    batch(source, tmp_path / "out")
    fill_disk()
    for output in (tmp_path / "out", tmp_path / "new"):
        with pytest.raises(BatchError, match=f"{output.name} {advice}"):
            batch(source, output, version="more than a page" * 1000)


def test_a_disk_that_is_full_when_the_manifest_is_written_again(
    batch: Run, photos: Photos, tmp_path: Path, fill_disk: Callable[[], None]
) -> None:
    output = tmp_path / "out"

    def remove(event: Any) -> None:
        if event.kind == "photo":
            shutil.rmtree(output, ignore_errors=True)
            fill_disk()

    report = batch(photos(*(f"{number}.png" for number in range(8))), output, progress=remove)
    assert "free space" in report.stopped


def test_a_manifest_that_cannot_be_opened_is_not_called_damaged(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    (tmp_path / "out" / MANIFEST_NAME).mkdir(parents=True)
    for dry_run in (False, True):
        with pytest.raises(BatchError, match=r"(unable to open|disk I/O).*\); check its permissions"):
            batch(photos("a.png"), tmp_path / "out", dry_run=dry_run)


def test_an_output_folder_that_is_deleted_during_the_batch(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path
) -> None:
    source, output = photos(*(f"sub/p{number}.png" for number in range(8))), tmp_path / "out"
    finished: list[str] = []

    def remove(event: Any) -> None:
        if event.kind == "photo":
            finished.append(event.source)
            if len(finished) == 3:
                shutil.rmtree(output, ignore_errors=True)

    report = batch(source, output, progress=remove)
    assert report.done
    assert all("was deleted" in record.reason or "cannot write" in record.reason for record in report.failed)
    assert {record.source for record in report.failed} >= set(finished[:3])
    assert batch(source, output).ok
    assert len(hashes(output)) == 8


def test_files_that_no_batch_wrote_are_not_overwritten(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png", "b.png"), tmp_path / "out"
    output.mkdir()
    (output / "a.png").write_text("mine")
    report = batch(source, output)
    assert {record.source: record.outputs for record in report.done} == {
        "a.png": ("a_png.png",),
        "b.png": ("b.png",),
    }
    assert report.done[0].notes == (
        "a.png already exists and belongs to another photo or program: this result is named a_png",
    )
    assert (output / "a.png").read_text() == "mine"
    assert not batch(source, output).done
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.png").write_text("mine")
    assert batch(source, tmp_path / "other", force=True).ok
    assert (tmp_path / "other" / "a.png").read_bytes().startswith(b"\x89PNG")


def test_originals_are_never_overwritten_even_with_force(batch: Run, photos: Photos, hashes: Hashes) -> None:
    source = photos("a.png", "b.tif")
    before = hashes(source)
    report = batch(source / "a.png", source, force=True)
    assert report.done[0].outputs == ("a_png.png",)
    assert batch(source / "b.tif", source, force=True).ok
    after = hashes(source)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"a_png.png", "b.png"}


def test_output_folders_that_contain_inputs_are_rejected(tmp_path: Path) -> None:
    inside = tmp_path / "photos" / "night"
    inside.mkdir(parents=True)
    for output in (inside, inside.parent, tmp_path):
        with pytest.raises(BatchError, match="never overwritten"):
            choose_output([inside], output)
    assert choose_output([inside], inside / "out") == inside / "out"
    assert choose_output([inside], None) == inside.parent / "night-enhanced"
    (inside / "file").touch()
    with pytest.raises(BatchError, match="is a file"):
        choose_output([inside], inside / "file")


def test_outputs_never_become_inputs(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos("a.png")
    assert len(batch(source, source / "one").done) == 1
    assert len(batch(source, source / "two").done) == 1
    assert len(batch(tmp_path, tmp_path / "three").done) == 1
    with pytest.raises(EmptyFolderError, match="contains only outputs"):
        batch(source / "one", tmp_path / "four")
    assert not batch(source, source / "one").done


def test_folders_without_photos_are_an_error(batch: Run, photos: Photos, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmptyFolderError, match="no photos"):
        batch(tmp_path / "empty", tmp_path / "out")
    source = photos("sub/a.png")
    for given, words in (
        ({"include": ("*.nef", "*.cr3")}, "include '*.nef' '*.cr3'"),
        ({"exclude": ("sub",)}, "exclude 'sub'"),
        ({"recursive": False}, "recursive=False"),
        ({"include": ("*.nef",), "newer_than": 1.0}, "include '*.nef', newer_than"),
    ):
        advice = f"that match the filters ({words}); change them, or name another folder"
        with pytest.raises(EmptyFolderError, match=re.escape(advice)):
            batch(source, tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_the_error_of_a_worker_that_cannot_start_is_reported(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    with pytest.raises(WorkerError, match="No module named 'not_there'"):
        batch(photos("a.png"), tmp_path / "out", renderer="not_there:Renderer")


@pytest.mark.parametrize("keep", ["leave", "copy"])
def test_well_exposed_photos(batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path, keep: str) -> None:
    from PIL import Image

    source, output = photos("dark.png"), tmp_path / "out"
    Image.new("RGB", (16, 16), (140, 140, 140)).save(source / "light.png")
    given = {"if_darker_than": -2.0, "copy_well_exposed": keep == "copy"}
    report = batch(source, output, **given)
    assert [record.source for record in report.done] == ["dark.png"]
    assert report.skipped[0].reason.startswith("well exposed (+0.5 EV)")
    if keep == "copy":
        assert (output / "light.png").read_bytes() == (source / "light.png").read_bytes()
    else:
        assert set(hashes(output)) == {"dark.png"}
    events: list[Any] = []
    again = batch(source, output, progress=events.append, **given)
    assert again.ok
    assert not [event for event in events if event.kind == "photo"]
    assert len(batch(source, output).done) == 2
