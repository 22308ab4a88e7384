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
    shown = [row for row in report.rows if _is_photo(row)]
    shown.sort(key=lambda row: (_ORDER[row.status], row.source))
    series = report.series
    strays = [row for row in report.rows if not _is_photo(row)]
    return PAGE.format(
        title=_text(f"Batch of {report.output.name}"),
        style=STYLE,
        script=SCRIPT,
        summary=_summary(report),
        settings=_settings(report),
        failures=_failures(report.failed),
        rows="\n".join(_row(row, series.get(row.series, ())) for row in shown),
        strays=_strays(strays),
    )


def _is_photo(row: PhotoRecord) -> bool:
    """Skipped without ever having been looked at: not a photo, or not asked for."""
    return row.status != "skipped" or row.before is not None


def _text(value: object) -> str:
    return html.escape(str(value))


def _summary(report: Report) -> str:
    warned = sum(bool(row.warnings) for row in report.rows)
    tiles = [
        (len(report.done), "rendered", ""),
        (len([row for row in report.skipped if _is_photo(row)]), "done before or well exposed", ""),
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
        f"<li><b>{_text(row.source)}</b> {_text(row.error)}: {_text(row.reason)}</li>" for row in failed
    )
    return f'<section class="failures"><h2>Failed ({len(failed)})</h2><ul>{lines}</ul></section>'


def _strays(strays: Sequence[PhotoRecord]) -> str:
    if not strays:
        return ""
    lines = "".join(f"<li>{_text(row.source)}: {_text(row.reason)}</li>" for row in strays)
    return f"<details><summary>Passed over ({len(strays)})</summary><ul>{lines}</ul></details>"


def _row(row: PhotoRecord, series: Sequence[str]) -> str:
    before = _picture(row.before, None) if row.before else ""
    names = [*row.outputs, *[None] * len(row.after)]
    after = "".join(_picture(look, name) for look, name in zip(row.after, names, strict=False))
    total = sum(row.seconds.values())
    ev_before = row.before.exposure_ev if row.before else None
    ev_after = row.after[0].exposure_ev if row.after else None
    cells = [
        _cell(row.source, f"<b>{_text(row.source)}</b>{_facts(row)}{_place(row, series)}"),
        _cell(_ORDER[row.status], f'<span class="{row.status}">{_WORDS.get(row.status, row.status)}</span>'),
        _cell("", before),
        _cell("", f'<div class="after">{after}</div>'),
        _cell("", _histogram(row)),
        _cell(ev_before, _number(ev_before, "+.1f")),
        _cell(ev_after, _number(ev_after, "+.1f")),
        _cell(total, _seconds(row)),
        _cell(len(row.warnings), _remarks(row)),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(key: object, content: str) -> str:
    return f'<td data-k="{_text("" if key is None else key)}">{content}</td>'


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _facts(row: PhotoRecord) -> str:
    digits = ".1f" if row.megapixels >= 1 else ".2g"
    facts = [f"{row.megapixels:{digits}} MP"] if row.megapixels else []
    if row.seed is not None and row.status in ("done", "skipped"):
        facts.append(f"seed {row.seed}")
    return f"<small>{_text(', '.join(facts))}</small>" if facts else ""


def _place(row: PhotoRecord, series: Sequence[str]) -> str:
    """Which frame of a series a photo is; the name of the first one finds all of them."""
    if row.source not in series:
        return ""
    place = f"frame {series.index(row.source) + 1} of {len(series)}, series of {series[0]}"
    return f"<small>{_text(place)}</small>"


def _seconds(row: PhotoRecord) -> str:
    parts = [f"{name} {seconds:.2f} s" for name, seconds in row.seconds.items()]
    return f"<small>{'<br>'.join(parts)}</small>"


def _remarks(row: PhotoRecord) -> str:
    lines = [f'<li class="warn">{_text(warning)}</li>' for warning in row.warnings]
    if row.status in ("failed", "left", "copied"):
        lines.append(f"<li>{_text(row.reason)}</li>")
    lines += [f"<li>{_text(note)}</li>" for note in row.notes]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _picture(look: PhotoStats, name: str | None) -> str:
    data = base64.b64encode(look.thumbnail).decode()
    image = f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{data}">'
    if name is None:
        return image
    link = urllib.parse.quote(name.encode("utf-8", "surrogateescape"))
    return f'<a href="{link}" title="{_text(name)}">{image}</a>'


def _histogram(row: PhotoRecord) -> str:
    """Luminance before (gray) and of the first rendering (amber), each scaled to its second-highest bin."""
    curves = [(row.before, "#9aa0a6")] if row.before else []
    curves += [(row.after[0], "#e39b1f")] if row.after else []
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
