"""A batch over a folder whose photos may have different settings. Runs in threads, without Qt."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llflow_photo.options import Options

from .work import Job

if TYPE_CHECKING:
    from llflow_photo.batch import Event, Report

__all__ = ["BatchRequest", "grouped", "run_request"]

_LOG = logging.getLogger(__name__)


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
        one report for all groups, with a page for all of them; if they stopped early, it says why.

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
    return reports[0] if len(reports) == 1 else _with_page(_joined(reports))


def _joined(reports: list[Report]) -> Report:
    rows = {row.source: row for report in reports for row in report.rows}
    return replace(
        reports[-1],
        rows=tuple(rows[source] for source in sorted(rows)),
        seconds=sum(report.seconds for report in reports),
        working_seconds=sum(report.working_seconds for report in reports),
        settings=_joined_settings(reports),
    )


def _joined_settings(reports: list[Report]) -> dict[str, Any]:
    """The settings of all groups; values that differ are listed with the number of their photos."""
    joined: dict[str, Any] = {}
    for name in dict.fromkeys(name for report in reports for name in report.settings):
        photos: Counter[str] = Counter()
        for report in reports:
            photos[str(report.settings.get(name, ""))] += len(report.rows)
        if len(photos) == 1:
            joined[name] = reports[0].settings.get(name, "")
        else:
            joined[name] = ", ".join(f"{value} ({_photos(count)})" for value, count in photos.items())
    return joined


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"


def _with_page(report: Report) -> Report:
    """Write the report's page; if that fails, the page of the last group remains."""
    from llflow_photo.batch.recording.page import write_page

    try:
        return replace(report, page=write_page(report))
    except OSError as error:
        _LOG.error("the report page cannot be written: %s", error)
        return report


def _exact_pattern(source: str) -> str:
    """A glob pattern that matches exactly one photo of the folder."""
    return "./" + re.sub(r"([*?\[])", r"[\1]", source)
