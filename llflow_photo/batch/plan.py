"""What is to do for each photo selected, given what the manifest says was done."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .naming import assign_stems, folded, output_names
from .output import is_intact
from .row import Row
from .selection import Source
from .work import Job, Task

__all__ = ["Plan", "make_plan"]


@dataclass(frozen=True)
class Plan:
    """Tasks in the order in which to do them, and rows of photos that need none."""

    tasks: tuple[Task, ...]
    rows: tuple[Row, ...]


def make_plan(
    sources: Iterable[Source],
    job: Job,
    suffix: str,
    before: Mapping[str, Row],
    written: Collection[str],
    force: bool = False,
    retry_failed: bool = False,
) -> Plan:
    """Decide for each photo.

    Args:
        suffix: of the outputs, with its dot.
        before: the manifest's rows by source.
        written: outputs that batches wrote to this folder or meant to, `folded`; other files are strangers
            and are not written over.
        force: render all photos again; strangers too are written over, except beside originals.
        retry_failed: try again photos that failed for reasons of their own.
    """
    sources = list(sources)
    root = Path(job.root)
    stems = assign_stems((source.relative for source in sources), job.options.samples)
    originals = {source.path.resolve() for source in sources}
    tasks, rows = [], []
    for source in sources:
        stem = stems[source.relative]
        task = Task(
            source.relative.as_posix(),
            str(source.path.absolute()),
            source.size,
            source.mtime_ns,
            tuple(name.as_posix() for name in output_names(stem, job.options.samples, suffix)),
            stem.with_name(stem.name + source.relative.suffix).as_posix() if job.copy_well_exposed else "",
        )
        old = before.get(task.source)
        row = None if force or old is None else _settled(task, old, job, root, retry_failed)
        if row is None and (reason := _in_the_way(task, job, root, written, force, originals)):
            row = Row(task.source, "failed", reason, "WriteError", size=task.size, mtime_ns=task.mtime_ns)
        if row is not None:
            rows.append(row)
        else:
            again = old is not None and not force and _holds(task, old, job, root)
            tasks.append(replace(task, known=old if again else None))
    return Plan(tuple(_largest_first(tasks)), tuple(rows))


def _largest_first(tasks: list[Task]) -> list[Task]:
    """Files of more than twice the median size begin, lest one process ends with them alone."""
    if not tasks:
        return tasks
    median = sorted(task.size for task in tasks)[len(tasks) // 2]
    return sorted(tasks, key=lambda task: task.size <= 2 * median)


def _settled(task: Task, old: Row, job: Job, root: Path, retry_failed: bool) -> Row | None:
    """The row of a photo that needs nothing, or None."""
    unchanged = (old.size, old.mtime_ns) == (task.size, task.mtime_ns)
    if not unchanged or (old.settings, old.model) != (job.settings, job.model):
        return None
    if old.status == "left" and not job.copy_well_exposed and job.leaves(old.before):
        return old
    if old.status == "failed" and old.lasting and not retry_failed:
        return old
    if _holds(task, old, job, root):
        return replace(old, status="skipped", reason=old.reason or "done before")
    return None


def _holds(task: Task, old: Row, job: Job, root: Path) -> bool:
    """Whether an earlier run's outputs are what this one would write, if the content is the same."""
    wanted = (task.copy,) if job.leaves(old.before) else task.outputs
    if old.status != ("copied" if job.leaves(old.before) else "done"):
        return False
    return (
        old.outputs == wanted
        and (old.settings, old.model) == (job.settings, job.model)
        and is_intact(root, old.outputs, old.output_bytes)
    )


def _in_the_way(
    task: Task, job: Job, root: Path, written: Collection[str], force: bool, originals: Collection[Path]
) -> str:
    """Why outputs cannot be written: a file that is not ours to write over; empty where they can."""
    folders = {original.parent for original in originals}
    for target in (root / name for name in task.claims):
        if not os.path.exists(target):
            continue
        if target.resolve() in originals and not target.is_symlink():
            return f"{target} is an original, and those are never written over; name another output folder"
        known = folded(target.relative_to(root).as_posix()) in written
        if not known and (not force or target.resolve().parent in folders):
            return f"{target} exists and no batch wrote it; move it away or name another output folder"
    return ""
