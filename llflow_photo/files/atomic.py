"""Atomic file writing: a file is written completely or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import OutputExistsError, WriteError

__all__ = ["atomic_file"]

# File systems limit names to 255 bytes; the temporary name has more parts than this one.
_NAME_BYTES = 100


@contextlib.contextmanager
def atomic_file(path: Path, replace: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` and rename it to ``path`` once it is written and synced.

    On any error the temporary file is removed and an existing file at ``path`` is left untouched.

    Args:
        path: path of the file.
        replace: whether an existing file may be replaced.

    Raises:
        OutputExistsError: a file was created at ``path`` meanwhile, and ``replace`` is false.
        WriteError: the folder is missing, not writable, or full.
    """
    temporary = path.with_name(f".{_beginning(path.name)}.{secrets.token_hex(4)}.part")
    try:
        # r+ because writers of compressed formats seek back to complete a header.
        with open(temporary, "x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            _move_to_free_name(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        if os.path.isdir(path):
            raise WriteError(f"cannot write {path}: it is a folder; give the name of a file") from error
        raise WriteError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _beginning(name: str) -> str:
    """The whole characters among the first bytes of a name, without bytes that are not UTF-8."""
    return name.encode("utf-8", "ignore")[:_NAME_BYTES].decode("utf-8", "ignore")


def _move_to_free_name(temporary: Path, path: Path) -> None:
    """Rename a file to an unused name, without a race with other processes."""
    try:
        os.link(temporary, path)
        return
    except FileExistsError:
        pass
    except OSError:  # file systems without hard links
        if not os.path.lexists(path):
            os.replace(temporary, path)
            return
    raise OutputExistsError(f"{path} was created while its photo was rendered; run again for another name")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; not every file system allows it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
