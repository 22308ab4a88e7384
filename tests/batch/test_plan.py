"""What is to do, and in which order."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from llflow_photo.batch.plan import make_plan
from llflow_photo.batch.row import Row
from llflow_photo.batch.selection import Source
from llflow_photo.batch.work import Job
from llflow_photo.options import Options


def job(root: Path) -> Job:
    return Job("m:r", Options(), None, None, "settings", "model", str(root))


def source(name: str, size: int = 10) -> Source:
    return Source(Path("/photos") / name, PurePosixPath(name), size, 1)


def test_photos_are_done_by_name_but_huge_ones_first(tmp_path: Path) -> None:
    sizes = {"a": 10, "b": 12, "c": 100, "d": 11, "e": 9, "f": 30}
    plan = make_plan(
        [source(f"{name}.png", size) for name, size in sizes.items()], job(tmp_path), ".png", {}, ()
    )
    assert [task.source[0] for task in plan.tasks] == ["c", "f", "a", "b", "d", "e"]


def test_rows_of_before_decide(tmp_path: Path) -> None:
    (tmp_path / "same.jpg").write_bytes(b"1234")
    known = {"size": 10, "mtime_ns": 1, "settings": "settings", "model": "model"}
    written = {"outputs": ("same.jpg",), "output_bytes": (4,)}
    before = {
        "same.png": Row("same.png", "done", **known, **written),
        "gone.png": Row("gone.png", "done", **known, outputs=("gone.jpg",), output_bytes=(4,)),
        "broken.png": Row("broken.png", "failed", "broken", lasting=True, **known),
        "unlucky.png": Row("unlucky.png", "failed", "disk full", **known),
        "begun.png": Row("begun.png", "planned", **known),
        "light.png": Row("light.png", "left", "well exposed", **known),
        "other.png": Row("other.png", "left", "well exposed", **{**known, "model": "another"}),
    }
    plan = make_plan(map(source, sorted(before)), job(tmp_path), ".jpg", before, {"same.jpg"})
    assert {row.source: row.status for row in plan.rows} == {
        "same.png": "skipped",
        "broken.png": "failed",
        "light.png": "left",
    }
    assert [task.source for task in plan.tasks] == ["begun.png", "gone.png", "other.png", "unlucky.png"]
    assert not any(task.known for task in plan.tasks)


def test_a_new_date_alone_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"1234")
    row = Row("a.png", "done", size=10, mtime_ns=7, settings="settings", model="model",
              outputs=("a.jpg",), output_bytes=(4,))  # fmt: skip
    plan = make_plan([source("a.png")], job(tmp_path), ".jpg", {"a.png": row}, {"a.jpg"})
    assert plan.tasks[0].known == row
    forced = make_plan([source("a.png")], job(tmp_path), ".jpg", {"a.png": row}, {"a.jpg"}, force=True)
    assert forced.tasks[0].known is None
