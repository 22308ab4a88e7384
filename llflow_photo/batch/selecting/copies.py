"""Copy files into the output folder, completely and with their modification times."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from pathlib import Path

from ...errors import WriteError
from ...files.atomic import atomic_file

__all__ = ["copy_file", "is_copy_of", "size_of", "state_of"]


def copy_file(original: Path, target: Path, overwrite: bool) -> int:
    """Copy a file with its modification time; returns its size in bytes.

    Raises:
        OutputExistsError: ``target`` exists and ``overwrite`` is False.
        WriteError: the copy cannot be written.
    """
    with open(original, "rb") as source, atomic_file(target, overwrite) as copy:
        state = os.fstat(source.fileno())
        shutil.copyfileobj(source, copy, 1 << 20)
    with contextlib.suppress(OSError):  # a copy without its modification time is still valid
        os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
    return size_of(target)


def is_copy_of(target: Path, original: Path) -> bool:
    """Whether a file has the same content as another, so that overwriting it loses nothing."""
    try:
        return not target.is_symlink() and filecmp.cmp(target, original, shallow=False)
    except OSError:
        return False


def state_of(path: Path) -> str:
    """Size and modification time of a file, links not followed, to detect changes; empty if there is none."""
    try:
        state = os.lstat(path)
    except OSError:
        return ""
    return f"{state.st_size} {state.st_mtime_ns}"


def size_of(written: Path) -> int:
    """Size in bytes of a file that was just written.

    Raises:
        WriteError: the file was deleted.
    """
    try:
        return written.stat().st_size
    except FileNotFoundError as error:
        raise WriteError(f"{written} was deleted after it was written; run again") from error
