"""Errors of files that cannot be opened."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ReadError

__all__ = ["check_no_folder", "not_opened"]


def check_no_folder(path: Path) -> None:
    """Check that a path is not that of a folder.

    Raises:
        ReadError: it is.
    """
    if os.path.isdir(path):  # Path.is_dir() raises an error for what may not be looked up
        raise ReadError(f"{path} is a folder; give a file")


def not_opened(path: Path, error: OSError | ValueError) -> ReadError:
    """The error to raise for a file that cannot be opened, with what to do."""
    reason = str(getattr(error, "strerror", None) or error)
    if isinstance(error, FileNotFoundError):
        reason = "there is no such file; check the path"
    elif isinstance(error, PermissionError):
        reason = "the file may not be read; check its permissions"
    return ReadError(f"cannot open {path}: {reason}")
