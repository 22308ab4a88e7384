"""A batch over a folder whose photos may have different settings. Runs in threads, without Qt."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llflow_photo.errors import EmptyFolderError
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
        options: the settings of all photos without their own.
        own: the settings of the photos that have their own, by absolute path. It may contain photos that do
            not exist.
        sources: the photos to render, as paths relative to the folder; None for all photos.
    """

    folder: Path
    output: Path | None
    format: str
    options: Options
    own: Mapping[str, Options] = field(default_factory=dict)
    sources: tuple[str, ...] | None = None


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
    """Run one batch per group of equal settings, all into the same output folder.

    The folder is listed first, so photos added since it was shown are rendered, and deleted ones are not.
    Progress counts the photos of all groups; the record of each finished photo is shown immediately.

    Returns:
        one report for all groups, with a page for all of them; if they stopped early, it says why.

    Raises:
        EmptyFolderError: there are no photos, or none of the requested ones exists.
        and any error that `enhance_dir` raises.
    """
    from llflow_photo import files
    from llflow_photo.batch import enhance_dir

    groups = _groups(request)
    known = [len(members or ()) for _, members in groups]
    reports: list[Report] = []
    for number, (options, members) in enumerate(groups):
        before, after = sum(known[:number]), sum(known[number + 1 :])

        def report_event(event: Event, before: int = before, after: int = after) -> None:
            finished = event.done + event.skipped + event.failed
            job.progress(before + finished, before + event.total + after)
            if event.row is not None:
                job.show(event.row)

        try:
            report = enhance_dir(
                request.folder,
                output=request.output,
                options=options,
                encoding=files.Encoding(format=request.format),
                include=() if members is None else [_exact_pattern(source) for source in members],
                progress=report_event,
                cancel=job.cancelled,
            )
        except EmptyFolderError:  # all photos of the group were deleted in the meantime
            if members is None:
                raise
            known[number] = 0
            continue
        reports.append(report)
        if report.stopped or job.cancelled():
            break
    if not reports:
        raise EmptyFolderError(f"the photos to render are no longer in {request.folder}; choose others")
    return reports[0] if len(reports) == 1 else _with_page(_joined(reports))


def _groups(request: BatchRequest) -> tuple[tuple[Options, tuple[str, ...] | None], ...]:
    """Groups of equal settings, each with its photos; None means all photos of the folder."""
    if not request.own:
        return ((request.options, request.sources),)
    from llflow_photo.batch import folder_state

    wanted = None if request.sources is None else set(request.sources)
    own: dict[str, Options] = {}
    sources: list[str] = []
    for state in folder_state(request.folder, request.output):
        if wanted is None or state.source in wanted:
            sources.append(state.source)
            if (found := request.own.get(str(state.path.absolute()))) is not None:
                own[state.source] = found
    groups = grouped(sources, own, request.options)
    if request.sources is None and len(groups) <= 1:
        return ((groups[0][0] if groups else request.options, None),)
    return groups


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
