"""Paths as given by users."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import OptionError

__all__ = ["expanded", "resolved"]


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with ``~`` or ``~user`` expanded to the home directory; unchanged if there is no such user.

    Raises:
        OptionError: the path is an empty string, which `pathlib.Path` would make the current folder.
    """
    if not os.fspath(path):
        raise OptionError("a path is empty; give a file or a folder, or '.' for the current folder")
    given = Path(path)
    try:
        return given.expanduser()
    except RuntimeError:  # the name of a file may begin with ~
        return given


def resolved(path: str | os.PathLike[str]) -> Path:
    """The absolute path with links followed; unlike `pathlib.Path.resolve`, no error for links in a loop."""
    return Path(os.path.realpath(path))
