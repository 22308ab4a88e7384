"""Outputs whose names are taken by folders, or whose folders have the names of files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from llflow_photo.batch.job import Job
from llflow_photo.batch.output import choose_output
from llflow_photo.batch.workers.target import DiskGoneError, check_target, target_of
from llflow_photo.errors import BatchError, ReadError, WriteError
from llflow_photo.files.atomic import atomic_file

Run = Callable[..., Any]
Photos = Callable[..., Path]


def _at_network(events: list[Any]) -> set[str]:
    """The photos that reached the network."""
    return {event.source for event in events if event.stage == "network"}


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_with_the_name_of_an_earlier_result(
    force: bool, batch: Run, photos: Photos, tmp_path: Path
) -> None:
    source, output = photos("a.png", "b.png"), tmp_path / "out"
    assert batch(source, output).ok
    (output / "a.png").unlink()
    (output / "a.png").mkdir()
    report = batch(source, output, force=force)
    assert report.ok
    outputs = {record.source: record.outputs for record in report.done + report.skipped}
    assert outputs == {"a.png": ("a_png.png",), "b.png": ("b.png",)}
    assert list((output / "a.png").iterdir()) == []


def test_a_folder_that_appears_during_the_batch_fails_one_photo_before_the_network(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    source, output = photos("a.png", "b.png", "c.png"), tmp_path / "out"
    events: list[Any] = []

    def appear(event: Any) -> None:
        events.append(event)
        if event.kind == "start":
            (output / "b.png").mkdir()

    report = batch(source, output, progress=appear)
    assert [record.source for record in report.failed] == ["b.png"]
    assert report.failed[0].reason.endswith("b.png: it is a folder; give the name of a file")
    assert _at_network(events) == {"a.png", "c.png"} == {record.source for record in report.done}


@pytest.mark.parametrize("force", [False, True])
def test_a_file_with_the_name_of_a_folder_of_results(
    force: bool, batch: Run, photos: Photos, tmp_path: Path
) -> None:
    """The earlier result of ``x.tif`` has the name of a folder that was added to the input since."""
    source, output = photos("x.tif", "b.png"), tmp_path / "out"
    assert batch(source, output).ok
    photos("x.png/a.png")
    events: list[Any] = []
    report = batch(source, output, force=force, progress=events.append)
    assert [record.source for record in report.failed] == ["x.png/a.png"]
    reason = report.failed[0].reason
    assert f"{output / 'x.png'} is not a folder; move it, or choose another" in reason
    assert "x.png/a.png" not in _at_network(events)
    (output / "x.png").unlink()
    assert batch(source, output).ok
    assert (output / "x.png" / "a.png").is_file()


def test_a_file_is_not_written_over_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()
    with pytest.raises(WriteError, match="it is a folder"), atomic_file(tmp_path / "a.jpg"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_a_link_to_itself_with_the_name_of_a_result(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png", "b.png"), tmp_path / "out"
    output.mkdir()
    (output / "a.png").symlink_to("a.png")
    report = batch(source, output)
    assert report.ok and {record.outputs for record in report.done} == {("a_png.png",), ("b.png",)}


def test_links_to_themselves_as_input_and_output(batch: Run, photos: Photos, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(ReadError, match="does not exist or cannot be accessed"):
        batch(loop, tmp_path / "out")
    chosen = choose_output([loop, photos("a.png")], loop)
    with pytest.raises(BatchError, match="cannot be created"):
        batch(photos("a.png"), chosen)


def test_an_output_that_another_program_changes_during_the_batch(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    source, output = photos("a.png", "b.png"), tmp_path / "out"

    def change(event: Any) -> None:
        if event.kind == "photo" and event.source == "a.png":
            (output / "a.png").write_bytes(b"of another program")

    report = batch(source, output, progress=change)
    assert [(record.source, record.reason) for record in report.failed] == [
        ("a.png", "its output was deleted or changed after it was written")
    ]


@pytest.mark.parametrize("function", [check_target, target_of])
def test_a_drive_of_which_no_folder_is_left(
    function: Callable[[Job, str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, not even its root exists any more."""
    job = SimpleNamespace(root=str(tmp_path / "gone"), root_device=None)
    monkeypatch.setattr("os.path.lexists", lambda path: False)
    with pytest.raises(DiskGoneError, match="gone was removed"):
        function(cast("Job", job), "a.png")
