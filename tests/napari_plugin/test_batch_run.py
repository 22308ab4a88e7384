"""Batches of groups of photos with different settings, without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llflow_photo.batch import PhotoRecord, Report
from llflow_photo.options import Options
from napari_plugin.batch_run import BatchRequest, run_request
from napari_plugin.work import Job


def _batch(path: Path, **given: Any) -> Report:
    """In place of `enhance_dir`: all photos of the group are done."""
    rows = tuple(PhotoRecord(name.removeprefix("./"), "done") for name in given["include"])
    settings = {"exposure_ev": given["options"].exposure_ev, "strength": given["options"].strength}
    return Report(rows, given["output"], seconds=1.0, settings=settings)


def test_the_report_page_shows_the_photos_and_settings_of_all_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llflow_photo.batch.enhance_dir", _batch, raising=False)
    groups = ((Options(exposure_ev=1.0), ("a.jpg", "c.jpg")), (Options(exposure_ev=-0.5), ("b.jpg",)))
    report = run_request(BatchRequest(tmp_path, tmp_path, "tiff", groups), Job("Batch"))
    assert [row.source for row in report.done] == ["a.jpg", "b.jpg", "c.jpg"]
    assert report.settings == {"exposure_ev": "1.0 (2 photos), -0.5 (1 photo)", "strength": 1.0}
    assert report.page is not None and report.page.parent == tmp_path
    page = report.page.read_text("utf-8")
    assert all(name in page for name in ("a.jpg", "b.jpg", "c.jpg", "1.0 (2 photos), -0.5 (1 photo)"))
