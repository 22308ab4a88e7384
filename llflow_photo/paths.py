"""Paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["expanded"]


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with ``~`` or ``~user`` replaced by a home directory; unchanged if there is no such user."""
    given = Path(path)
    try:
        return given.expanduser()
    except RuntimeError:  # a file's own name may begin like this
        return given
