"""Runs that are locked, so that only one process at a time trains in a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from ..errors import CheckpointError
from ..models.writing import writing

__all__ = ["locked"]

_NAME = ".lock"


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Lock the folder of a run, created if missing, until this context ends.

    The operating system releases the lock when the process ends, however it ends. Folders that were created
    are removed if they are still empty at the end.

    Raises:
        CheckpointError: another process has locked it.
        WriteError: the folder cannot be written to.
    """
    path = run / _NAME
    created = list(takewhile(lambda folder: not folder.exists(), (run, *run.parents)))
    with writing(run):
        run.mkdir(parents=True, exist_ok=True)
        handle = _opened(path)
    if handle is None:
        raise CheckpointError(
            f"another process is training in {run}; wait for its end, or give another folder (--run)"
        )
    try:
        yield
    finally:
        if sys.platform == "win32":  # where a file that is open cannot be removed
            os.close(handle)
        with suppress(OSError):
            path.unlink()
        if sys.platform != "win32":
            os.close(handle)
        with suppress(OSError):
            for folder in created:
                folder.rmdir()


def _opened(path: Path) -> int | None:
    """A handle of the locked file; None if another process has locked it."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT)
        if not _lock(handle):
            os.close(handle)
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        os.close(handle)  # its owner has removed it meanwhile: another one is the lock now


def _lock(handle: int) -> bool:
    """Whether a file could be locked; True on file systems without locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the latter on Windows
        return False
    except OSError:
        return True
    return True
