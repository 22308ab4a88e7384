"""What most findings do when they are run: measure each model, keep the rows, draw all that was kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import report
from .homes import Home, homes, make_parser

__all__ = ["run"]


def run(
    finding: str,
    description: str | None,
    limit: int,
    measure: Callable[[Home], Sequence[Any]],
    table: Callable[[list[Any]], str],
    draw: Callable[[list[Any]], None],
) -> None:
    """Run a finding from the command line; ``limit`` is how many photos of each kind are taken."""
    for home in homes(make_parser(description, limit=limit).parse_args()):
        report.keep(finding, measure(home))
    rows = report.kept(finding)
    report.put_table(finding, table(rows))
    draw(rows)
