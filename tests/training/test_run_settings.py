"""Names of the photos of a run, which tell whether a resumed run has others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llflow_photo.flow import SIZES
from llflow_photo.training.recipe import Recipe
from llflow_photo.training.run_settings import PhotoNames, RunSettings, changes_of_photos, write_settings

BEFORE = PhotoNames(("a.jpg", "b.jpg", "c.jpg"), ("d.jpg",))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_settings(tmp_path, RunSettings(None, ("photos",), SIZES["compact"], Recipe()), BEFORE)
    return tmp_path


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (BEFORE, ()),
        (PhotoNames(("c.jpg", "a.jpg", "b.jpg"), ("d.jpg",)), ()),
        (PhotoNames(("a.jpg", "b.jpg"), ("d.jpg",)), ("trained on 3 photos so far, and is now on 2",)),
        (
            PhotoNames(("a.jpg", "b.jpg", "c.jpg", "d.jpg"), ("e.jpg",)),
            ("now on 4", "earlier scores are not comparable", "held out before and trained on now: 1"),
        ),
    ],
)
def test_changes_of_photos_are_named(run: Path, now: PhotoNames, words: tuple[str, ...]) -> None:
    sentence = changes_of_photos(run, now)
    assert bool(sentence) == bool(words)
    assert all(word in sentence for word in words)
    assert ("held out" in sentence) == (len(words) > 1)


def test_runs_of_older_versions_have_no_names(run: Path) -> None:
    stored = json.loads((run / "run.json").read_text(encoding="utf-8"))
    del stored["used"]
    (run / "run.json").write_text(json.dumps(stored), encoding="utf-8")
    assert changes_of_photos(run, PhotoNames((), ())) == ""
