"""What a folder holds, and what of it a batch has done: for lists of photos that mark what is finished."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...errors import BatchError
from ..output import choose_output, is_intact
from ..selecting.selection import Selection, Source, select
from .manifest import holds_outputs, outputs_in, read_manifest
from .record import PhotoRecord

__all__ = ["PhotoState", "folder_state"]

AnyPath = str | os.PathLike[str]


@dataclass(frozen=True)
class PhotoState:
    """A photo of a folder.

    Attributes:
        path: where it is.
        source: its path relative to the folder, with slashes: as rows and events of a batch name it.
        status: ``done``: its result is there and the photo has not changed since; ``failed``: the last batch
            failed with it; ``new``: neither.
        reason: why it failed, a sentence; else empty.
    """

    path: Path
    source: str
    status: Literal["new", "done", "failed"] = "new"
    reason: str = ""


def folder_state(folder: AnyPath, output: AnyPath | None = None) -> tuple[PhotoState, ...]:
    """The photos that `enhance_dir` would take of a folder, and which of them it has done.

    Args:
        output: the folder of the results; by default as `enhance_dir` chooses it.

    Returns:
        by relative path. While a batch writes to the output folder nothing is known of what is done: all
        are ``new``.

    Raises:
        ReadError: the folder does not exist.
        BatchError: input and output do not fit together, or a manifest in the folder is damaged.
    """
    from ... import files

    given = files.expanded(folder)
    root = choose_output((given,), None if output is None else files.expanded(output))
    selection = Selection(
        is_photo=files.is_photo,
        is_raw=files.is_raw,
        is_output=lambda path: holds_outputs(path) or path.resolve() == root,
        outputs_in=outputs_in,
    )
    sources, _ = select((given,), selection)
    rows = _rows(root)
    return tuple(_state(source, rows, root) for source in sources)


def _rows(root: Path) -> Mapping[str, PhotoRecord]:
    try:
        return read_manifest(root)[0]
    except BatchError:  # a batch holds it, or it is damaged: the next batch tells
        return {}


def _state(source: Source, rows: Mapping[str, PhotoRecord], root: Path) -> PhotoState:
    name = source.relative.as_posix()
    row = rows.get(name)
    if row is None or (row.size, row.mtime_ns) != (source.size, source.mtime_ns):
        return PhotoState(source.path, name)
    if row.status == "failed":
        return PhotoState(source.path, name, "failed", row.reason)
    if row.status == "done" and is_intact(root, row.outputs, row.output_bytes):
        return PhotoState(source.path, name, "done")
    return PhotoState(source.path, name)
