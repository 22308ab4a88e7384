"""The report page: one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import html
import itertools
import os
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from ...files.atomic import atomic_file
from .page_parts import PAGE, SCRIPT, STYLE
from .record import PhotoRecord, PhotoStats
from .report import Report

__all__ = ["PAGE_NAME", "page_of", "write_page"]

PAGE_NAME = "report.html"
_ORDER = {"failed": 0, "planned": 1, "cancelled": 1, "done": 2, "copied": 3, "left": 3, "skipped": 3}
# Of this version's pages, and of those written before they named their generator.
_MARKS = (b'<meta name="generator" content="llflow-photo">', b"<title>Batch of ")
_HEAD_BYTES = 4096
_WORDS = {"planned": "to do", "cancelled": "to do", "skipped": "done before"}


def write_page(report: Report) -> Path:
    """Write ``report.html`` into the output folder, whole or not at all; returns its path.

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
    """Whether nothing is there, or a page of an earlier batch."""
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
    """The page as text: failures first, then what is to do, then the photos by name."""
    shown = [record for record in report.rows if _is_photo(record)]
    shown.sort(key=lambda record: (_ORDER[record.status], record.source))
    series = report.series
    skipped = [record for record in report.rows if not _is_photo(record)]
    return PAGE.format(
        title=_text(f"Batch of {report.output.name}"),
        style=STYLE,
        script=SCRIPT,
        summary=_summary(report),
        settings=_settings(report),
        failures=_failures(report.failed),
        rows="\n".join(_row(record, series.get(record.series, ())) for record in shown),
        skipped=_skipped_files(skipped),
    )


def _is_photo(record: PhotoRecord) -> bool:
    """Skipped without ever having been looked at: not a photo, or not asked for."""
    return record.status != "skipped" or record.before is not None


def _text(value: object) -> str:
    return html.escape(str(value))


def _summary(report: Report) -> str:
    warned = sum(bool(record.warnings) for record in report.rows)
    tiles = [
        (len(report.done), "rendered", ""),
        (len([record for record in report.skipped if _is_photo(record)]), "done before or well exposed", ""),
        (len(report.failed), "failed", "bad" if report.failed else ""),
        (len(report.planned), "left to do", "bad" if report.planned else ""),
        (warned, "with warnings", "warn" if warned else ""),
        (_duration(report.seconds), "in all", ""),
        (f"{report.throughput * 60:.1f}", "photos a minute", ""),
    ]
    if report.series:
        tiles.append((len(report.series), "series of photos", ""))
    if report.processes:
        tiles.append((f"{report.network_share:.0%}", "of the time in the network", ""))
    parts = [f'<div class="{kind}"><b>{_text(value)}</b>{_text(word)}</div>' for value, word, kind in tiles]
    stopped = f'<p class="bad">Stopped: {_text(report.stopped)}.</p>' if report.stopped else ""
    return f'<div class="tiles">{"".join(parts)}</div>{stopped}'


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def _settings(report: Report) -> str:
    return "".join(
        f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in report.settings.items()
    )


def _failures(failed: Sequence[PhotoRecord]) -> str:
    if not failed:
        return ""
    lines = "".join(
        f"<li><b>{_text(record.source)}</b> {_text(record.error)}: {_text(record.reason)}</li>"
        for record in failed
    )
    return f'<section class="failures"><h2>Failed ({len(failed)})</h2><ul>{lines}</ul></section>'


def _skipped_files(skipped: Sequence[PhotoRecord]) -> str:
    if not skipped:
        return ""
    lines = "".join(f"<li>{_text(record.source)}: {_text(record.reason)}</li>" for record in skipped)
    return f"<details><summary>Skipped files ({len(skipped)})</summary><ul>{lines}</ul></details>"


def _row(record: PhotoRecord, series: Sequence[str]) -> str:
    before = _picture(record.before, None) if record.before else ""
    names = [*record.outputs, *[None] * len(record.after)]
    after = "".join(_picture(look, name) for look, name in zip(record.after, names, strict=False))
    total = sum(record.seconds.values())
    ev_before = record.before.exposure_ev if record.before else None
    ev_after = record.after[0].exposure_ev if record.after else None
    cells = [
        _cell(record.source, f"<b>{_text(record.source)}</b>{_facts(record)}{_place(record, series)}"),
        _cell(
            _ORDER[record.status],
            f'<span class="{record.status}">{_WORDS.get(record.status, record.status)}</span>',
        ),
        _cell("", before),
        _cell("", f'<div class="after">{after}</div>'),
        _cell("", _histogram(record)),
        _cell(ev_before, _number(ev_before, "+.1f")),
        _cell(ev_after, _number(ev_after, "+.1f")),
        _cell(total, _seconds(record)),
        _cell(len(record.warnings), _remarks(record)),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(key: object, content: str) -> str:
    return f'<td data-k="{_text("" if key is None else key)}">{content}</td>'


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _facts(record: PhotoRecord) -> str:
    digits = ".1f" if record.megapixels >= 1 else ".2g"
    facts = [f"{record.megapixels:{digits}} MP"] if record.megapixels else []
    if record.seed is not None and record.status in ("done", "skipped"):
        facts.append(f"seed {record.seed}")
    return f"<small>{_text(', '.join(facts))}</small>" if facts else ""


def _place(record: PhotoRecord, series: Sequence[str]) -> str:
    """Which frame of a series a photo is; the name of the first one finds all of them."""
    if record.source not in series:
        return ""
    place = f"frame {series.index(record.source) + 1} of {len(series)}, series of {series[0]}"
    return f"<small>{_text(place)}</small>"


def _seconds(record: PhotoRecord) -> str:
    parts = [f"{name} {seconds:.2f} s" for name, seconds in record.seconds.items()]
    return f"<small>{'<br>'.join(parts)}</small>"


def _remarks(record: PhotoRecord) -> str:
    lines = [f'<li class="warn">{_text(warning)}</li>' for warning in record.warnings]
    if record.status in ("failed", "left", "copied"):
        lines.append(f"<li>{_text(record.reason)}</li>")
    lines += [f"<li>{_text(note)}</li>" for note in record.notes]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _picture(look: PhotoStats, name: str | None) -> str:
    data = base64.b64encode(look.thumbnail).decode()
    image = f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{data}">'
    if name is None:
        return image
    link = urllib.parse.quote(name.encode("utf-8", "surrogateescape"))
    return f'<a href="{link}" title="{_text(name)}">{image}</a>'


def _histogram(record: PhotoRecord) -> str:
    """Luminance before (gray) and of the first rendering (amber), each scaled to its second-highest bin."""
    curves = [(record.before, "#9aa0a6")] if record.before else []
    curves += [(record.after[0], "#e39b1f")] if record.after else []
    paths = "".join(f'<path d="{_curve(look.histogram)}" fill="{color}"/>' for look, color in curves)
    return f'<svg viewBox="0 0 128 48" width="128" height="48" role="img">{paths}</svg>' if paths else ""


def _curve(histogram: Sequence[float]) -> str:
    # One bin, black or white, often towers above all others; the shape of the rest is what tells something.
    top = sorted(histogram)[-2] or max(histogram) or 1.0
    step = 128 / len(histogram)
    points = [
        f"L{number * step:.0f} {48 - 48 * min(1.0, value / top):.0f}h{step:.0f}"
        for number, value in enumerate(histogram)
    ]
    return f"M0 48{''.join(points)}L128 48Z"
