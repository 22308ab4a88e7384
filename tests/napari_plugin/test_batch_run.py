"""Batches of groups of photos with different settings, without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llflow_photo.batch import PhotoRecord, Report
from llflow_photo.errors import EmptyFolderError
from llflow_photo.options import Options
from napari_plugin.batch_run import BatchRequest, run_request
from napari_plugin.work import Job


def _batch(path: Path, **given: Any) -> Report:
    """In place of `enhance_dir`: all photos of the group that exist are done."""
    names = [name.removeprefix("./") for name in given["include"]]
    rows = tuple(PhotoRecord(name, "done") for name in names if (path / name).exists())
    if not rows:
        raise EmptyFolderError("no photos that match the filters")
    settings = {"exposure_ev": given["options"].exposure_ev, "strength": given["options"].strength}
    return Report(rows, given["output"], seconds=1.0, settings=settings)


def _photos(folder: Path, *names: str) -> None:
    for name in names:
        Image.new("RGB", (8, 8)).save(folder / name)


def test_the_report_page_shows_the_photos_and_settings_of_all_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llflow_photo.batch.enhance_dir", _batch, raising=False)
    _photos(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    own = {str(tmp_path / name): Options(exposure_ev=1.0) for name in ("a.jpg", "c.jpg")}
    request = BatchRequest(tmp_path, tmp_path / "results", "tiff", Options(exposure_ev=-0.5), own)
    (tmp_path / "results").mkdir()
    report = run_request(request, Job("Batch"))
    assert [row.source for row in report.done] == ["a.jpg", "b.jpg", "c.jpg"]
    assert report.settings == {"exposure_ev": "1.0 (2 photos), -0.5 (1 photo)", "strength": 1.0}
    assert report.page is not None and report.page.parent == tmp_path / "results"
    page = report.page.read_text("utf-8")
    assert all(name in page for name in ("a.jpg", "b.jpg", "c.jpg", "1.0 (2 photos), -0.5 (1 photo)"))


def test_deleted_photos_are_left_out_and_added_ones_are_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[float, list[str]]] = []

    def batch(path: Path, **given: Any) -> Report:
        asked.append((given["options"].strength, given["include"]))
        (path / "c.jpg").unlink(missing_ok=True)  # while the first group is rendered
        return _batch(path, **given)

    monkeypatch.setattr("llflow_photo.batch.enhance_dir", batch, raising=False)
    _photos(tmp_path, "b.jpg", "c.jpg", "d.jpg", "new.jpg")
    own = {
        str(tmp_path / f"{name}.jpg"): Options(strength=at)
        for name, at in (("a", 0.1), ("c", 0.2), ("d", 0.3))
    }
    (tmp_path / "results").mkdir()
    request = BatchRequest(tmp_path, tmp_path / "results", "tiff", Options(), own)
    report = run_request(request, Job("Batch"))
    assert asked == [(1.0, ["./b.jpg", "./new.jpg"]), (0.2, ["./c.jpg"]), (0.3, ["./d.jpg"])]
    assert [row.source for row in report.done] == ["b.jpg", "d.jpg", "new.jpg"]
    with pytest.raises(EmptyFolderError, match="no longer in"):
        run_request(BatchRequest(tmp_path, None, "tiff", Options(), own, ("a.jpg",)), Job("Batch"))
