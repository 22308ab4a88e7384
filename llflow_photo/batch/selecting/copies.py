"""Copying files into the output folder, whole and with their dates."""

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
    """Copy a file with its date; returns its size, bytes.

    Raises:
        OutputExistsError: something is at ``target``, and ``overwrite`` is false.
        WriteError: the copy cannot be written.
    """
    with open(original, "rb") as source, atomic_file(target, overwrite) as copy:
        state = os.fstat(source.fileno())
        shutil.copyfileobj(source, copy, 1 << 20)
    with contextlib.suppress(OSError):  # where dates cannot be set, the copy is still one
        os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
    return size_of(target)


def is_copy_of(target: Path, original: Path) -> bool:
    """Whether a file has the same content as another, so that nothing is lost if it is copied again."""
    try:
        return not target.is_symlink() and filecmp.cmp(target, original, shallow=False)
    except OSError:
        return False


def state_of(path: Path) -> str:
    """Size and date of what is at a path, links not followed, to notice changes; empty for nothing."""
    try:
        state = os.lstat(path)
    except OSError:
        return ""
    return f"{state.st_size} {state.st_mtime_ns}"


def size_of(written: Path) -> int:
    """Bytes of a file that was just written.

    Raises:
        WriteError: it is gone.
    """
    try:
        return written.stat().st_size
    except FileNotFoundError as error:
        raise WriteError(f"{written} vanished after it was written; run again") from error
