"""A batch of a folder in which photos may have settings of their own. For threads; knows no window."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llflow_photo.options import Options

from .work import Job

if TYPE_CHECKING:
    from llflow_photo.batch import Event, Report

__all__ = ["Order", "grouped", "run_order"]


@dataclass(frozen=True)
class Order:
    """What to render.

    Attributes:
        folder: of the photos.
        output: folder of the results; None for the batch's default.
        format: of the results, as of `files.Encoding`.
        groups: settings, and the photos that have them, relative to the folder; None for all of the folder.
    """

    folder: Path
    output: Path | None
    format: str
    groups: tuple[tuple[Options, tuple[str, ...] | None], ...]


def grouped(
    sources: Iterable[str], own: Mapping[str, Options], others: Options
) -> tuple[tuple[Options, tuple[str, ...]], ...]:
    """Photos by their settings.

    Args:
        own: settings of photos that have some of their own.
        others: of all other photos.
    """
    groups: dict[Options, list[str]] = {}
    for source in sources:
        groups.setdefault(own.get(source, others), []).append(source)
    return tuple((options, tuple(members)) for options, members in groups.items())


def run_order(order: Order, job: Job) -> Report:
    """Run one batch for each group, all into the same folder of results.

    Progress counts the photos of all groups; rows of finished photos are shown as they come.

    Returns:
        a report of all groups; that of the group at which they stopped has its reason.

    Raises:
        what `enhance_dir` raises.
    """
    from llflow_photo import files
    from llflow_photo.batch import enhance_dir

    known = [len(members or ()) for _, members in order.groups]
    reports: list[Report] = []
    for number, (options, members) in enumerate(order.groups):
        before, after = sum(known[:number]), sum(known[number + 1 :])

        def tell(event: Event, before: int = before, after: int = after) -> None:
            finished = event.done + event.skipped + event.failed
            job.progress(before + finished, before + event.total + after)
            if event.row is not None:
                job.show(event.row)

        reports.append(
            enhance_dir(
                order.folder,
                output=order.output,
                options=options,
                encoding=files.Encoding(format=order.format),
                include=() if members is None else [_exactly(source) for source in members],
                progress=tell,
                cancel=job.cancelled,
            )
        )
        if reports[-1].stopped or job.cancelled():
            break
    return _joined(reports)


def _joined(reports: list[Report]) -> Report:
    rows = {row.source: row for report in reports for row in report.rows}
    return replace(
        reports[-1],
        rows=tuple(rows[source] for source in sorted(rows)),
        seconds=sum(report.seconds for report in reports),
        working_seconds=sum(report.working_seconds for report in reports),
    )


def _exactly(source: str) -> str:
    """A glob pattern that one photo of the folder matches."""
    return "./" + re.sub(r"([*?\[])", r"[\1]", source)
