"""The task of each selected photo, given the records of the manifest."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ...files.provenance import content_hash, made_from
from ...files.sniff import kind_of_head
from ...paths import resolved
from ..job import Job, Task
from ..output import is_intact
from ..recording.record import PhotoRecord
from ..series_decisions import Shared
from .copies import is_copy_of, state_of
from .naming import MAX_STEM_BYTES, assign_stems, folded, output_names, stem_of
from .selection import Source

__all__ = ["Plan", "make_plan"]


@dataclass(frozen=True)
class Plan:
    """Tasks in the order in which to run them, and records of photos that need none."""

    tasks: tuple[Task, ...]
    records: tuple[PhotoRecord, ...]


def make_plan(
    sources: Iterable[Source],
    job: Job,
    suffix: str,
    before: Mapping[str, PhotoRecord],
    written: Collection[str],
    force: bool = False,
    retry_failed: bool = False,
    series: Mapping[str, Shared] | None = None,
) -> Plan:
    """Decide for each photo whether it is rendered, and under which names.

    Args:
        suffix: of the outputs, including the dot.
        before: records of the manifest, by source.
        written: `folded` names of outputs that batches wrote to this folder or were about to write.
        force: render all photos again; files of the same name are replaced, except next to originals.
        retry_failed: try photos again whose failure was caused by the photo.
        series: what the frames of a photo's series share, by source; only of photos in a series.
    """
    sources = list(sources)
    outputs = _Outputs(sources, job, suffix, before, written, force)
    stems = outputs.stems()
    tasks, records = [], []
    for source in sources:
        task = outputs.task(source, stems[source.relative])
        old = before.get(task.source)
        shared = (series or {}).get(task.source, Shared())
        task = replace(task, series=shared.reference)
        record = None
        if old is not None and not force and _is_same_rendering(old, shared):
            record = _settled(task, old, job, outputs.root, retry_failed)
        if record is not None:
            records.append(record)
        else:
            again = (
                old is not None
                and not force
                and _is_same_rendering(old, shared)
                and _is_valid(task, old, job, outputs.root)
            )
            tasks.append(replace(task, known=old if again else None))
    return Plan(tuple(_largest_first(tasks)), tuple(records))


class _Outputs:
    """Names that each photo's outputs may have, given the files in the output folder.

    A name is allowed if no file has it, if the photo's own earlier result has it, or, with ``force``, if the
    file is not an original and is not in a folder with originals. The name of a folder with photos is that of
    a folder with outputs, and never allowed.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        job: Job,
        suffix: str,
        before: Mapping[str, PhotoRecord],
        written: Collection[str],
        force: bool,
    ) -> None:
        self.root = Path(job.root)
        self._job, self._suffix, self._written, self._force = job, suffix, written, force
        self._sources = {source.relative: source for source in sources}
        self._originals = {resolved(source.path) for source in sources}
        self._mirrored = {
            folded(folder.as_posix()) for source in sources for folder in source.relative.parents
        }
        self._contents: dict[PurePosixPath, str] = {}
        self._rows = {
            source.relative: record
            for source in sources
            if (record := before.get(source.relative.as_posix())) is not None
            and self._same_photo(source, record)
        }

    def stems(self) -> dict[PurePosixPath, PurePosixPath]:
        """Folder and stem of each photo's outputs."""
        kept = {
            relative: stem
            for relative, record in self._rows.items()
            if (stem := stem_of(record.outputs)) is not None and record.status != "copied"
        }
        return assign_stems(self._sources, self._job.options.samples, kept, self._is_free)

    def task(self, source: Source, stem: PurePosixPath) -> Task:
        """The task of a photo, given the stem of its outputs."""
        plain = PurePosixPath(source.relative).with_suffix("")
        outputs = output_names(stem, self._job.options.samples, self._suffix)
        copy, copies = "", tuple[tuple[str, str], ...]()
        if self._job.copy_well_exposed:
            copy = stem.with_name(stem.name + source.relative.suffix).as_posix()
            copies = tuple(
                (str(each), _renamed(each.name, source.path, stem).as_posix()) for each in source.sidecars
            )
        task = Task(
            source.relative.as_posix(),
            str(source.path.absolute()),
            source.size,
            source.mtime_ns,
            tuple(name.as_posix() for name in outputs),
            copy,
            sidecars=copies,
            sidecar_state=source.sidecar_state,
            notes=self._notes(plain, stem),
        )
        there = [(name, state) for name in task.claims if (state := state_of(self.root / name))]
        return replace(task, replaces=tuple(there), force=self._force)

    def _notes(self, plain: PurePosixPath, stem: PurePosixPath) -> tuple[str, ...]:
        """A note if a photo's output does not have its plain name because another file has it."""
        existing = [
            name
            for name in output_names(plain, self._job.options.samples, self._suffix)
            if os.path.lexists(self.root / name)
        ]
        if stem == plain or not existing or len(plain.name) > MAX_STEM_BYTES // 4:
            return ()
        return (
            f"{existing[0]} already exists and belongs to another photo or program: "
            f"this result is named {stem.name}",
        )

    def _same_photo(self, source: Source, record: PhotoRecord) -> bool:
        """Whether an earlier record is of the same photo, not of another photo with the same name."""
        if (
            self._force
            or not record.content
            or (record.size, record.mtime_ns) == (source.size, source.mtime_ns)
        ):
            return True
        return record.size == source.size and record.content == self._content(source.relative)

    def _content(self, relative: PurePosixPath) -> str:
        if relative not in self._contents:
            try:
                self._contents[relative] = content_hash(self._sources[relative].path)
            except OSError:  # the task itself reports the error
                self._contents[relative] = ""
        return self._contents[relative]

    def _is_free(self, relative: PurePosixPath, stem: PurePosixPath) -> bool:
        source = self._sources[relative]
        task = self.task(source, stem)
        copied = zip((source.path, *source.sidecars), task.copies, strict=False)
        return all(self._may_have(relative, name) for name in task.outputs) and all(
            self._may_have(relative, name) or is_copy_of(self.root / name, original)
            for original, name in copied
        )

    def _may_have(self, relative: PurePosixPath, name: str) -> bool:
        target = self.root / name
        if folded(name) in self._mirrored:
            return False
        if not os.path.lexists(target):
            return True
        real = resolved(target)
        if real in self._originals and not target.is_symlink():
            return False
        if self._is_own(relative, name):
            return True
        return self._force and not os.path.isdir(target) and real.parent not in self._folders()

    def _is_own(self, relative: PurePosixPath, name: str) -> bool:
        target, record = self.root / name, self._rows.get(relative)
        if not os.path.isfile(target) or target.is_symlink():
            return False
        if record is not None and name in record.outputs and folded(name) in self._written:
            return not _edited(target, record, name)
        return made_from(target, self._content(relative))

    def _folders(self) -> set[Path]:
        return {original.parent for original in self._originals}


def _edited(target: Path, record: PhotoRecord, name: str) -> bool:
    """Whether an output was modified since it was written, and is still an image file."""
    sizes = dict(zip(record.outputs, record.output_bytes, strict=False))
    if name not in sizes or target.stat().st_size == sizes[name]:
        return False
    with target.open("rb") as file:
        return bool(kind_of_head(file.read(64)))


def _renamed(sidecar: str, photo: Path, stem: PurePosixPath) -> PurePosixPath:
    """The name of a sidecar next to the copy of its photo."""
    ending = sidecar[len(photo.stem) :]  # .xmp or .nef.xmp
    return stem.with_name(stem.name + ending)


def _largest_first(tasks: list[Task]) -> list[Task]:
    """Files larger than twice the median come first, so that none of them is rendered last by one process."""
    if not tasks:
        return tasks
    median = sorted(task.size for task in tasks)[len(tasks) // 2]
    return sorted(tasks, key=lambda task: task.size <= 2 * median)


def _is_same_rendering(old: PhotoRecord, shared: Shared) -> bool:
    """Whether a photo is still in the same series, or still in none.

    Failures caused by the photo do not depend on its series.
    """
    return old.series == shared.key or (old.status == "failed" and old.lasting)


def _settled(task: Task, old: PhotoRecord, job: Job, root: Path, retry_failed: bool) -> PhotoRecord | None:
    """The record of a photo that needs no task, else None."""
    unchanged = (old.size, old.mtime_ns, old.sidecars) == (task.size, task.mtime_ns, task.sidecar_state)
    if not unchanged or (old.settings, old.model) != (job.settings, job.model):
        return None
    if old.status == "left" and not job.copy_well_exposed and job.is_well_exposed(old.before, task.series):
        return old
    if old.status == "failed" and old.lasting and not retry_failed:
        return old
    if _is_valid(task, old, job, root):
        return replace(old, status="skipped", reason=old.reason or "done before")
    return None


def _is_valid(task: Task, old: PhotoRecord, job: Job, root: Path) -> bool:
    """Whether the outputs of an earlier run are those of this task, if the photo has not changed."""
    well_exposed = job.is_well_exposed(old.before, task.series)
    wanted = task.copies if well_exposed else task.outputs
    if old.status != ("copied" if well_exposed else "done"):
        return False
    return (
        old.outputs == wanted
        and (old.settings, old.model) == (job.settings, job.model)
        and is_intact(root, old.outputs, old.output_bytes)
    )
