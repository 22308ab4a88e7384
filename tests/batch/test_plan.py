"""The tasks of a batch and their order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from llflow_photo.batch.job import Job
from llflow_photo.batch.recording.record import PhotoRecord, PhotoStats
from llflow_photo.batch.selecting.plan import make_plan
from llflow_photo.batch.selecting.selection import Source
from llflow_photo.options import Options


def job(root: Path, **changes: Any) -> Job:
    return Job("m:r", Options(), None, None, "settings", "model", str(root), **changes)


def source(name: str, size: int = 10) -> Source:
    return Source(Path("/photos") / name, PurePosixPath(name), size, 1)


def test_photos_are_ordered_by_name_with_large_ones_first(tmp_path: Path) -> None:
    sizes = {"a": 10, "b": 12, "c": 100, "d": 11, "e": 9, "f": 30}
    plan = make_plan(
        [source(f"{name}.png", size) for name, size in sizes.items()], job(tmp_path), ".png", {}, ()
    )
    assert [task.source[0] for task in plan.tasks] == ["c", "f", "a", "b", "d", "e"]


def test_records_of_earlier_runs_decide(tmp_path: Path) -> None:
    (tmp_path / "same.jpg").write_bytes(b"1234")
    known = {"size": 10, "mtime_ns": 1, "settings": "settings", "model": "model"}
    written = {"outputs": ("same.jpg",), "output_bytes": (4,)}
    before = {
        "same.png": PhotoRecord("same.png", "done", **known, **written),
        "gone.png": PhotoRecord("gone.png", "done", **known, outputs=("gone.jpg",), output_bytes=(4,)),
        "broken.png": PhotoRecord("broken.png", "failed", "broken", lasting=True, **known),
        "unlucky.png": PhotoRecord("unlucky.png", "failed", "disk full", **known),
        "begun.png": PhotoRecord("begun.png", "planned", **known),
        "other.png": PhotoRecord(
            "other.png", "done", **{**known, "model": "another"}, outputs=("other.jpg",)
        ),
    }
    plan = make_plan(map(source, sorted(before)), job(tmp_path), ".jpg", before, {"same.jpg"})
    assert {record.source: record.status for record in plan.records} == {
        "same.png": "skipped",
        "broken.png": "failed",
    }
    assert [task.source for task in plan.tasks] == ["begun.png", "gone.png", "other.png", "unlucky.png"]
    assert not any(task.known for task in plan.tasks)


@pytest.mark.parametrize(
    ("threshold", "copy", "settled"),
    [
        (None, False, ["dark"]),
        (-1.0, False, ["dark", "light"]),
        (0.5, False, ["dark"]),
        (-1.0, True, ["dark"]),
    ],
)
def test_another_threshold_renders_only_affected_photos(
    tmp_path: Path, threshold: float | None, copy: bool, settled: list[str]
) -> None:
    (tmp_path / "dark.jpg").write_bytes(b"1234")
    known = {"size": 10, "mtime_ns": 1, "settings": "settings", "model": "model"}
    dark, light = (PhotoStats(ev, 0.0, ()) for ev in (-5.0, 0.0))
    written = {"outputs": ("dark.jpg",), "output_bytes": (4,)}
    before = {
        "dark.png": PhotoRecord("dark.png", "done", **known, **written, before=dark),
        "light.png": PhotoRecord("light.png", "left", "well exposed", **known, before=light),
    }
    asked = job(tmp_path, if_darker_than=threshold, copy_well_exposed=copy)
    plan = make_plan(map(source, before), asked, ".jpg", before, {"dark.jpg"})
    assert [Path(record.source).stem for record in plan.records] == settled
    asked = job(tmp_path, if_darker_than=-6.0)
    assert len(make_plan(map(source, before), asked, ".jpg", before, {"dark.jpg"}).tasks) == 1


def test_originals_are_not_overwritten_through_a_linked_folder(tmp_path: Path) -> None:
    folder, output = tmp_path / "in" / "sub", tmp_path / "out"
    folder.mkdir(parents=True)
    output.mkdir()
    (folder / "a.jpg").write_bytes(b"original")
    (output / "sub").symlink_to(folder)
    given = Source(folder / "a.jpg", PurePosixPath("sub/a.jpg"), 8, 1)
    for force in (False, True):
        plan = make_plan([given], job(output), ".jpg", {}, {"sub/a.jpg"}, force=force)
        assert plan.tasks[0].outputs == ("sub/a_jpg.jpg",)


def test_the_name_of_a_folder_of_outputs_is_not_given_to_an_output(
    batch: Callable[..., Any], photos: Callable[..., Path], tmp_path: Path
) -> None:
    source, output = photos("a.tif", "A.png/b.tif", "c.png/d.png/e.tif", "c.png/d.tif"), tmp_path / "out"
    first = batch(source, output)
    assert first.ok
    assert {record.source: record.outputs for record in first.done} == {
        "a.tif": ("a_tif.png",),
        "A.png/b.tif": ("A.png/b.png",),
        "c.png/d.tif": ("c.png/d_tif.png",),
        "c.png/d.png/e.tif": ("c.png/d.png/e.png",),
    }
    assert not batch(source, output).done


def test_a_changed_modification_time_compares_contents(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"1234")
    record = PhotoRecord("a.png", "done", size=10, mtime_ns=7, settings="settings", model="model",
              outputs=("a.jpg",), output_bytes=(4,))  # fmt: skip
    plan = make_plan([source("a.png")], job(tmp_path), ".jpg", {"a.png": record}, {"a.jpg"})
    assert plan.tasks[0].known == record
    forced = make_plan([source("a.png")], job(tmp_path), ".jpg", {"a.png": record}, {"a.jpg"}, force=True)
    assert forced.tasks[0].known is None
