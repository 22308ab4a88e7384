"""Provenance of results: only this program's result of the same photo may be replaced."""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import stat
from pathlib import Path

from ..errors import OutputExistsError
from .access import check_no_folder, not_opened

__all__ = ["SOURCE_SETTING", "check_replaceable", "content_hash", "content_of", "is_taken", "made_from"]

SOURCE_SETTING = "source_sha256"
"""Name of the setting in a result's XMP that holds the photo's `content_hash`."""

_CREATOR = re.compile(rb"CreatorTool(?:>|=\")llflow-photo")


def content_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_of(path: Path) -> str:
    """`content_hash` of a photo.

    Raises:
        ReadError: the file does not exist or cannot be read.
    """
    check_no_folder(path)
    try:
        return content_hash(path)
    except (OSError, ValueError) as error:
        raise not_opened(path, error) from error


def made_from(path: Path, content: str) -> bool:
    """Whether a file is this program's unedited result of the photo with this `content_hash`.

    XMP packets are found by scanning for their text, in files of any format (ISO 16684-3, packet scanning).
    Editors replace the name of this program by their own.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode) or path.stat().st_size == 0:
            return False
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            source = re.compile(SOURCE_SETTING.encode() + rb"(?:>|=\")" + content.encode())
            return bool(content) and bool(source.search(data)) and bool(_CREATOR.search(data))
    except (OSError, ValueError):
        return False


def is_taken(path: Path, content: str) -> bool:
    """Whether ``path`` exists, possibly as a broken link, and must not be replaced."""
    return os.path.lexists(path) and not made_from(path, content)


def check_replaceable(path: Path, content: str, source: Path) -> None:
    """
    Raises:
        OutputExistsError: `is_taken`.
    """
    if is_taken(path, content):
        raise OutputExistsError(
            f"{path} exists and is not this program's result of {source.name}; choose another name, or "
            "replace it with --force"
        )
