"""A batch over a folder whose photos may have different settings. Runs in threads, without Qt."""

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

__all__ = ["BatchRequest", "grouped", "run_request"]


@dataclass(frozen=True)
class BatchRequest:
    """What to render.

    Attributes:
        folder: the folder of photos.
        output: the folder for the results; None for the default of `enhance_dir`.
        format: of the results, as in `files.Encoding`.
        groups: settings, each with the photos that have them, as paths relative to the folder; None stands
            for all photos of the folder.
    """

    folder: Path
    output: Path | None
    format: str
    groups: tuple[tuple[Options, tuple[str, ...] | None], ...]


def grouped(
    sources: Iterable[str], own: Mapping[str, Options], others: Options
) -> tuple[tuple[Options, tuple[str, ...]], ...]:
    """Photos grouped by equal settings.

    Args:
        own: the settings of photos that have their own.
        others: the settings of all other photos.
    """
    groups: dict[Options, list[str]] = {}
    for source in sources:
        groups.setdefault(own.get(source, others), []).append(source)
    return tuple((options, tuple(members)) for options, members in groups.items())


def run_request(request: BatchRequest, job: Job) -> Report:
    """Run one batch per group, all into the same output folder.

    Progress counts the photos of all groups; the record of each finished photo is shown immediately.

    Returns:
        one report for all groups; if they stopped early, it says why.

    Raises:
        any error that `enhance_dir` raises.
    """
    from llflow_photo import files
    from llflow_photo.batch import enhance_dir

    known = [len(members or ()) for _, members in request.groups]
    reports: list[Report] = []
    for number, (options, members) in enumerate(request.groups):
        before, after = sum(known[:number]), sum(known[number + 1 :])

        def report_event(event: Event, before: int = before, after: int = after) -> None:
            finished = event.done + event.skipped + event.failed
            job.progress(before + finished, before + event.total + after)
            if event.row is not None:
                job.show(event.row)

        reports.append(
            enhance_dir(
                request.folder,
                output=request.output,
                options=options,
                encoding=files.Encoding(format=request.format),
                include=() if members is None else [_exact_pattern(source) for source in members],
                progress=report_event,
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


def _exact_pattern(source: str) -> str:
    """A glob pattern that matches exactly one photo of the folder."""
    return "./" + re.sub(r"([*?\[])", r"[\1]", source)
