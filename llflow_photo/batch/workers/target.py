"""Paths of outputs: whether a file can be written there, and its folder."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import WriteError
from ...files import check_folder
from ..job import Job

__all__ = ["DiskGoneError", "check_target", "target_of"]


class DiskGoneError(WriteError):
    """The disk of the output folder was removed."""


def check_target(job: Job, name: str) -> None:
    """Check before rendering that an output can be written; nothing is created.

    Args:
        name: path relative to the output folder.

    Raises:
        DiskGoneError: the disk of the output folder was removed.
        WriteError: a file has the name of one of its folders, a folder has its own name, or its folder is not
            writable.
    """
    target = Path(job.root) / name
    folder = _existing_folder(job, target)
    check_folder(target if folder == target.parent else folder / target.name)


def target_of(job: Job, name: str) -> Path:
    """Path of an output, with its folder created.

    Raises:
        DiskGoneError: the disk of the output folder was removed.
        WriteError: the folder cannot be created.
    """
    target = Path(job.root) / name
    try:
        if not target.parent.is_dir():
            _existing_folder(job, target)
            target.parent.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:  # removed in the meantime
        raise WriteError(f"cannot write {target}: its folder was deleted; run again") from error
    return target


def _existing_folder(job: Job, target: Path) -> Path:
    """The nearest folder above an output that exists."""
    gone = DiskGoneError(f"the disk of {job.root} was removed; attach it and run again")
    existing = next((folder for folder in target.parents if os.path.lexists(folder)), None)
    if existing is None:  # a drive of Windows
        raise gone
    if not os.path.isdir(existing):
        raise WriteError(
            f"cannot write {target}: {existing} is not a folder; move it, or choose another output folder"
        )
    if not target.parent.is_dir() and job.root_device not in (None, os.stat(existing).st_dev):
        raise gone
    return existing
