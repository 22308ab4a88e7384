"""Photos read from standard input; pipes and devices are refused."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import ReadError

__all__ = ["as_regular_file", "special_kind"]

_STREAM = re.compile(r"/dev/stdin|(?:/dev|/proc/(?:self|\d+))/fd/\d+")
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def special_kind(mode: int) -> str:
    """Kind of a special file, with its article, e.g. "a named pipe"; empty for regular files and folders.

    Args:
        mode: ``st_mode`` of `os.stat`.
    """
    return next((kind for matches, kind in _KINDS if matches(mode)), "")


@contextlib.contextmanager
def as_regular_file(path: Path) -> Iterator[Path]:
    """A regular file with the content of ``path``: itself, or a temporary copy of a stream.

    Streams are ``/dev/stdin`` and ``/dev/fd/N``, as shells use for ``<(command)``. They are copied
    to a temporary file. Other pipes and devices are refused, because opening them might block forever.

    Raises:
        ReadError: the path is another pipe, a socket, a device or a terminal.
    """
    if _STREAM.fullmatch(str(path)):
        with tempfile.TemporaryDirectory(prefix="llflow-photo-") as folder:
            copy = Path(folder, path.name)
            _copy_stream(path, copy)
            yield copy
        return
    try:
        kind = special_kind(os.stat(path).st_mode)
    except (OSError, ValueError):
        kind = ""  # opening the file reports the reason
    if kind:
        raise ReadError(f"{path} is {kind}, not a file; save the photo to a file, or pipe it to /dev/stdin")
    yield path


def _copy_stream(path: Path, copy: Path) -> None:
    try:
        if path.name == "stdin":
            handle = os.dup(0)
        else:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            os.set_blocking(handle, True)
        with os.fdopen(handle, "rb") as stream, copy.open("wb") as file:
            if stream.isatty():
                raise ReadError(f"{path} is a terminal; pipe a photo into {Path(sys.argv[0]).name}")
            shutil.copyfileobj(stream, file, 1 << 20)
    except OSError as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(f"cannot read {path}: {error.strerror or error}") from error
