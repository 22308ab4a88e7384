"""The report page."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llflow_photo.batch.recording.page import page_of, write_page
from llflow_photo.batch.recording.record import PhotoRecord, PhotoStats
from llflow_photo.batch.recording.report import Report

STATS = PhotoStats(-5.0, 0.0, tuple([0.5, 0.3, 0.2] + [0.0] * 61), b"jpeg")


def sample_report(output: Path) -> Report:
    records = (
        PhotoRecord(
            "a.png",
            "done",
            outputs=("a 1.jpg",),
            seed=3,
            seconds={"network": 2.0},
            before=STATS,
            after=(STATS,),
        ),
        PhotoRecord(
            "b.png", "skipped", "done before", outputs=("b.jpg",), seconds={"network": 1.0}, before=STATS
        ),
        PhotoRecord("<b>.png", "failed", "is <no> image", "FormatError"),
        PhotoRecord("n.txt", "skipped", "not a photo"),
        PhotoRecord(
            "z.png", "done", outputs=("z.jpg",), seconds={"network": 9.0}, warnings=("clipped: 3 %",)
        ),
    )
    return Report(records, output, 12.0, 11.0, 1, {"model": "m", "temperature": 0.8})


def test_the_page_is_self_contained_and_escapes_names(tmp_path: Path) -> None:
    page = page_of(sample_report(tmp_path))
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert page.count("data:image/jpeg;base64,anBlZw==") == 3
    assert "<b>.png" not in page
    assert "&lt;b&gt;.png" in page
    assert 'href="a%201.jpg"' in page


def test_a_page_of_another_program_is_kept(tmp_path: Path) -> None:
    report = sample_report(tmp_path)
    (tmp_path / "report.html").write_text("<title>My report</title>")
    (tmp_path / "report-2.html").symlink_to("nowhere")
    assert write_page(report) == write_page(report) == tmp_path / "report-3.html"
    assert (tmp_path / "report.html").read_text() == "<title>My report</title>"
    (tmp_path / "report.html").write_text(
        "<!DOCTYPE html>\n<title>Batch of out</title>"
    )  # of an earlier version
    assert write_page(report) == tmp_path / "report.html"
    assert "My report" not in (tmp_path / "report.html").read_text()


def test_failures_come_first(tmp_path: Path) -> None:
    page = page_of(sample_report(tmp_path))
    assert page.index("Failed (1)") < page.index("Settings")
    table = page[page.index("<tbody>") :]
    assert [table.index(name) for name in ("&lt;b&gt;.png", "a.png", "z.png", "b.png")] == sorted(
        table.index(name) for name in ("&lt;b&gt;.png", "a.png", "z.png", "b.png")
    )
    assert "Skipped files (1)" in page


def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium here")


def test_sorting_and_finding_work_in_a_browser(tmp_path: Path) -> None:
    page = page_of(sample_report(tmp_path))
    probe = """<script>
      const shown = () => Array.from(body.rows).filter(row => !row.hidden);
      const names = () => shown().map(row => row.cells[0].dataset.k).join(" ");
      const seen = [names()];
      for (const title of ["Time", "Time", "Photo"]) {
        Array.from(heads).find(head => head.textContent === title).click();
        seen.push(names());
      }
      find.value = "clipped";
      find.dispatchEvent(new Event("input"));
      seen.push(names() + " of " + document.querySelector("#shown").textContent);
      document.title = seen.join("|");
    </script>"""
    (tmp_path / "probe.html").write_text(page.replace("</body>", probe + "</body>"), "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [browser(), *flags, "--dump-dom", (tmp_path / "probe.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None
    assert title.group(1).replace("&lt;", "<").replace("&gt;", ">").split("|") == [
        "<b>.png a.png z.png b.png",
        "<b>.png b.png a.png z.png",
        "z.png a.png b.png <b>.png",
        "<b>.png a.png b.png z.png",
        "z.png of 1 of 4",
    ]


def test_a_batch_writes_the_page_and_keeps_earlier_photos_on_it(
    batch: Callable[..., Any], photos: Callable[..., Path], tmp_path: Path
) -> None:
    source = photos("a.png", "b.png")
    batch(source, tmp_path / "out")
    photos("c.png")
    report = batch(source, tmp_path / "out")
    page = report.page.read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 6
    assert page.count(">done before</span>") == 2
