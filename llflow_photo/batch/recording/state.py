"""The photos of a folder and their status, for lists that mark finished photos."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...errors import BatchError
from ...paths import resolved
from ..output import choose_output, is_intact
from ..selecting.selection import Selection, Source, select
from .manifest import holds_outputs, outputs_in, read_manifest
from .record import PhotoRecord

__all__ = ["PhotoState", "folder_state"]

AnyPath = str | os.PathLike[str]


@dataclass(frozen=True)
class PhotoState:
    """The status of a photo of a folder.

    Attributes:
        path: of the photo.
        source: path relative to the folder, with slashes, as in the records and events of a batch.
        status: ``done``: its result exists and the photo has not changed since; ``failed``: it failed in the
            last batch; ``new``: neither.
        reason: why it failed, a sentence; else empty.
    """

    path: Path
    source: str
    status: Literal["new", "done", "failed"] = "new"
    reason: str = ""


def folder_state(folder: AnyPath, output: AnyPath | None = None) -> tuple[PhotoState, ...]:
    """The photos that `enhance_dir` would take from a folder, and which of them are done.

    Args:
        output: folder of the results; by default that of `enhance_dir`.

    Returns:
        one state per photo, sorted by relative path. While a batch is writing to the output folder, all
        photos are ``new``, because its manifest cannot be read.

    Raises:
        ReadError: the folder does not exist.
        BatchError: the output folder is or contains the input, or a manifest in the folder is damaged.
    """
    from ... import files

    given = files.expanded(folder)
    root = choose_output((given,), None if output is None else files.expanded(output))
    selection = Selection(
        is_photo=files.is_photo,
        is_raw=files.is_raw,
        is_output=lambda path: holds_outputs(path) or resolved(path) == root,
        outputs_in=outputs_in,
    )
    sources, _ = select((given,), selection)
    records = _records(root)
    return tuple(_state(source, records, root) for source in sources)


def _records(root: Path) -> Mapping[str, PhotoRecord]:
    try:
        return read_manifest(root)[0]
    except BatchError:  # in use, or damaged, which the next batch reports
        return {}


def _state(source: Source, records: Mapping[str, PhotoRecord], root: Path) -> PhotoState:
    name = source.relative.as_posix()
    record = records.get(name)
    if record is None or (record.size, record.mtime_ns) != (source.size, source.mtime_ns):
        return PhotoState(source.path, name)
    if record.status == "failed":
        return PhotoState(source.path, name, "failed", record.reason)
    if record.status == "done" and is_intact(root, record.outputs, record.output_bytes):
        return PhotoState(source.path, name, "done")
    return PhotoState(source.path, name)
