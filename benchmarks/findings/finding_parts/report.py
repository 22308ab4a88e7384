"""Writing rows to CSV files, and tables and plots to the documentation."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["COLORS", "keep", "kept", "markdown", "plot", "put_table", "save", "save_jpeg", "show"]

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "benchmarks" / "results" / "findings"
PLOTS = ROOT / "docs" / "images" / "findings"
PAGE = ROOT / "docs" / "findings.md"
COLORS = ("#1f6f8b", "#e07a1f", "#5a8f3c", "#8c4a86", "#b23a48", "#6b6b6b", "#c2a83e", "#3b4cc0")
"""Colors of curves, in order."""
_DIGITS = 4

Row = Mapping[str, Any]


def show(text: str) -> None:
    """Print a progress message."""
    sys.stderr.write(text + "\n")


def keep(finding: str, rows: Sequence[Row], key: str = "model", folder: Path | None = None) -> list[Row]:
    """Write rows to ``FINDING.csv``; rows there of other values of ``key`` are kept.

    Returns:
        all rows, as text, as read back.
    """
    folder = folder or RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{finding}.csv"
    new = {str(row[key]) for row in rows}
    old = [row for row in read_rows(path) if row[key] not in new]
    together = sorted([*old, *rows], key=lambda row: str(row[key]))
    names = list(rows[0])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _text(row.get(name, "")) for name in names} for row in together)
    return list(read_rows(path))


def kept(finding: str) -> list[Row]:
    """Rows kept of a finding, as text.

    Raises:
        SystemExit: there are none.
    """
    rows = read_rows(RESULTS / f"{finding}.csv")
    if not rows:
        raise SystemExit("nothing was measured yet: give --lol LOL, --photos PHOTOS or both")
    return list(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file; empty if there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _text(value: Any) -> str:
    return f"{value:.{_DIGITS}f}" if isinstance(value, float) else str(value)


def markdown(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table in Markdown."""
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def put_table(name: str, text: str, page: Path | None = None) -> None:
    """Put a table between the marks ``<!-- NAME -->`` and ``<!-- end of NAME -->`` of the page.

    Raises:
        ValueError: the page lacks the marks.
    """
    page = page or PAGE
    before = page.read_text(encoding="utf-8")
    marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(marks[0]) + ".*?" + re.escape(marks[1]), re.S)
    if not pattern.search(before):
        raise ValueError(f"{page} lacks the marks {marks[0]} and {marks[1]}")
    after = pattern.sub(lambda _: f"{marks[0]}\n\n{text}\n\n{marks[1]}", before)
    page.write_text(after, encoding="utf-8")


def plot(
    columns: int, width: float = 9.0, height: float = 3.4, rows: int = 1, **more: Any
) -> tuple[Figure, Any]:
    """A figure with axes side by side, and rows of them; the axes in one row, first to last."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **more).ravel()


def save(figure: Figure, name: str) -> None:
    """Write a figure as PNG where the documentation shows it."""
    PLOTS.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOTS / f"{name}.png", dpi=96, metadata={"Software": None})


def save_jpeg(figure: Figure, name: str) -> None:
    """Write a figure that shows photos, as JPEG."""
    PLOTS.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOTS / f"{name}.jpg", dpi=110, pil_kwargs={"quality": 80})
