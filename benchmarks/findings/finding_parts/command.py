"""The command line of most findings: measure each model, store the rows, and draw all stored rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import report
from .datasets import Dataset, datasets, make_parser

__all__ = ["run"]


def run(
    finding: str,
    description: str | None,
    limit: int,
    measure: Callable[[Dataset], Sequence[Any]],
    table: Callable[[list[Any]], str],
    draw: Callable[[list[Any]], None],
) -> None:
    """Run a finding from the command line; ``limit`` is the number of photos of each kind."""
    for dataset in datasets(make_parser(description, limit=limit).parse_args()):
        report.keep(finding, measure(dataset))
    rows = report.kept(finding)
    report.put_table(finding, table(rows))
    draw(rows)
