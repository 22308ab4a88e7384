"""The status of the photos of a folder: by the manifest, the results and the photos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batch_helpers import make_batch

from llflow_photo.batch import folder_state
from llflow_photo.batch.recording.manifest import Manifest
from llflow_photo.batch.run import run_batch
from llflow_photo.errors import ReadError


def _states(folder: Path, output: Path | None = None) -> dict[str, str]:
    return {state.source: state.status for state in folder_state(folder, output)}


def test_photos_with_results_that_have_not_changed_are_done(
    photos: Callable[..., Path], batch: Callable[..., Any], tmp_path: Path
) -> None:
    folder = photos("a.png", "b.png", "c.png", "deep/d.png")
    (folder / "notes.txt").write_text("not a photo")
    assert _states(folder) == {name: "new" for name in ("a.png", "b.png", "c.png", "deep/d.png")}
    output = tmp_path / "in-enhanced"
    batch(folder, output, include=("a.png", "b.png", "d.png"))
    assert _states(folder) == {"a.png": "done", "b.png": "done", "c.png": "new", "deep/d.png": "done"}
    (output / "a.png").unlink()
    (folder / "b.png").write_bytes((folder / "c.png").read_bytes())
    assert _states(folder) == {"a.png": "new", "b.png": "new", "c.png": "new", "deep/d.png": "done"}
    assert set(_states(folder, tmp_path / "elsewhere").values()) == {"new"}


def test_a_failed_photo_has_its_reason(
    photos: Callable[..., Path], batch: Callable[..., Any], tmp_path: Path
) -> None:
    folder = photos("a.png")
    (folder / "broken.png").write_bytes(b"no image")
    batch(folder, tmp_path / "in-enhanced")
    good, bad = folder_state(folder)
    assert (good.status, good.reason) == ("done", "")
    assert bad.status == "failed" and "is not an image" in bad.reason


def test_all_photos_are_new_while_a_batch_is_writing(
    photos: Callable[..., Path], batch: Callable[..., Any], tmp_path: Path
) -> None:
    folder, output = photos("a.png"), tmp_path / "in-enhanced"
    run_batch(make_batch(folder, output))
    with Manifest(output):
        assert _states(folder) == {"a.png": "new"}
    assert _states(folder) == {"a.png": "done"}


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="does not exist"):
        folder_state(tmp_path / "none")
