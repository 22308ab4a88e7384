"""The report page: one self-contained HTML file, from the template ``templates/report.html``."""

from __future__ import annotations

import base64
import itertools
import os
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...files.atomic import atomic_file
from .record import PhotoRecord, PhotoStats
from .report import Report

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["PAGE_NAME", "page_of", "write_page"]

PAGE_NAME = "report.html"
_ORDER = {"failed": 0, "planned": 1, "cancelled": 1, "done": 2, "copied": 3, "left": 3, "skipped": 3}
_STATUS_LABELS = {"planned": "to do", "cancelled": "to do", "skipped": "done before"}
# Of pages of this version, and of earlier versions, which did not name their generator.
_MARKS = (b'<meta name="generator" content="llflow-photo">', b"<title>Batch of ")
_HEAD_BYTES = 4096
_COLOR_BEFORE, _COLOR_AFTER = "#9aa0a6", "#e39b1f"


def write_page(report: Report) -> Path:
    """Write ``report.html`` into the output folder, completely or not at all; returns its path.

    A file of that name that no batch wrote is kept: the page is then ``report-2.html``, and so on.

    Raises:
        WriteError: it cannot be written.
    """
    others = (f"report-{number}.html" for number in itertools.count(2))
    names = itertools.chain([PAGE_NAME], others)
    path = next(path for name in names if _may_be_replaced(path := report.output / name))
    with atomic_file(path) as file:
        file.write(page_of(report).encode("utf-8", "backslashreplace"))
    return path


def _may_be_replaced(path: Path) -> bool:
    """Whether there is no file, or a page of an earlier batch."""
    if not os.path.lexists(path):
        return True
    try:
        if path.is_symlink() or not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        return any(mark in head for mark in _MARKS)
    except OSError:
        return False


def page_of(report: Report) -> str:
    """The page as a string: failures first, then photos that are still to do, then the others by name."""
    photos = [record for record in report.rows if _is_photo(record)]
    photos.sort(key=lambda record: (_ORDER[record.status], record.source))
    series = report.series
    return _template().render(
        title=f"Batch of {report.output.name}",
        report=report,
        tiles=list(_tiles(report)),
        photos=[_Row.of(record, series.get(record.series, ())) for record in photos],
        skipped_files=[record for record in report.rows if not _is_photo(record)],
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = lambda data: base64.b64encode(data).decode()
    environment.filters["url"] = lambda name: urllib.parse.quote(name.encode("utf-8", "surrogateescape"))
    return environment.get_template("report.html")


def _is_photo(record: PhotoRecord) -> bool:
    """False for files that were skipped without being read: not photos, or not selected."""
    return record.status != "skipped" or record.before is not None


@dataclass(frozen=True)
class _Tile:
    """A value in the summary at the top; ``kind`` is its CSS class."""

    value: object
    label: str
    kind: str = ""


def _tiles(report: Report) -> Iterator[_Tile]:
    warned = sum(bool(record.warnings) for record in report.rows)
    yield _Tile(len(report.done), "rendered")
    yield _Tile(sum(map(_is_photo, report.skipped)), "done before or well exposed")
    yield _Tile(len(report.failed), "failed", "bad" if report.failed else "")
    yield _Tile(len(report.planned), "left to do", "bad" if report.planned else "")
    yield _Tile(warned, "with warnings", "warn" if warned else "")
    yield _Tile(_duration(report.seconds), "in all")
    yield _Tile(f"{report.throughput * 60:.1f}", "photos per minute")
    if report.series:
        yield _Tile(len(report.series), "series of photos")
    if report.processes:
        yield _Tile(f"{report.network_share:.0%}", "of the time in the network")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


@dataclass(frozen=True)
class _Curve:
    """A histogram as an SVG path."""

    path: str
    color: str


@dataclass(frozen=True)
class _Row:
    """A row of the table of photos.

    Attributes:
        record: of the photo.
        order: sort key of the status.
        status: as shown.
        details: lines below the name.
        renderings: statistics of each rendering and the name of its file; None where it has no file.
        curves: histograms of the photo and of its first rendering.
        ev_before: exposure of the photo in EV.
        ev_after: exposure of its first rendering in EV.
        seconds: total time.
        remarks: besides warnings.
    """

    record: PhotoRecord
    order: int
    status: str
    details: tuple[str, ...]
    renderings: tuple[tuple[PhotoStats, str | None], ...]
    curves: tuple[_Curve, ...]
    ev_before: float | None
    ev_after: float | None
    seconds: float
    remarks: tuple[str, ...]

    @classmethod
    def of(cls, record: PhotoRecord, series: Sequence[str]) -> _Row:
        """The row of a record; ``series`` are the sources of the frames of its series."""
        names = itertools.chain(record.outputs, itertools.repeat(None))
        before, after = record.before, record.after[0] if record.after else None
        shown = ((before, _COLOR_BEFORE), (after, _COLOR_AFTER))
        reason = (record.reason,) if record.status in ("failed", "left", "copied") else ()
        return cls(
            record,
            _ORDER[record.status],
            _STATUS_LABELS.get(record.status, record.status),
            tuple(filter(None, (_facts(record), _place(record, series)))),
            tuple(zip(record.after, names, strict=False)),
            tuple(_Curve(_svg_path(stats.histogram), color) for stats, color in shown if stats),
            before.exposure_ev if before else None,
            after.exposure_ev if after else None,
            sum(record.seconds.values()),
            (*reason, *record.notes),
        )


def _facts(record: PhotoRecord) -> str:
    digits = ".1f" if record.megapixels >= 1 else ".2g"
    facts = [f"{record.megapixels:{digits}} MP"] if record.megapixels else []
    if record.seed is not None and record.status in ("done", "skipped"):
        facts.append(f"seed {record.seed}")
    return ", ".join(facts)


def _place(record: PhotoRecord, series: Sequence[str]) -> str:
    """The number of the frame in its series, and the first frame, which identifies the series."""
    if record.source not in series:
        return ""
    return f"frame {series.index(record.source) + 1} of {len(series)}, series of {series[0]}"


def _svg_path(histogram: Sequence[float]) -> str:
    """A histogram scaled to its second-highest bin, because one bin is often much higher than the others."""
    top = sorted(histogram)[-2] or max(histogram) or 1.0
    step = 128 / len(histogram)
    points = [
        f"L{number * step:.0f} {48 - 48 * min(1.0, value / top):.0f}h{step:.0f}"
        for number, value in enumerate(histogram)
    ]
    return f"M0 48{''.join(points)}L128 48Z"
