"""Paths as given by users."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["expanded"]


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with ``~`` or ``~user`` expanded to the home directory; unchanged if there is no such user."""
    given = Path(path)
    try:
        return given.expanduser()
    except RuntimeError:  # the name of a file may begin with ~
        return given
