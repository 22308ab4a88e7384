"""Each file once, where several inputs contain it: a folder and one of its subfolders or photos."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ...paths import resolved
from .folders import real_folders

__all__ = ["Found", "each_once"]


class Found(NamedTuple):
    """A file of an input.

    Attributes:
        path: of the file.
        relative: path relative to the input.
        given: whether the file itself is an input, not a folder that contains it.
    """

    path: Path
    relative: PurePosixPath
    given: bool = False


def each_once(inputs: Sequence[Path], files: Sequence[Sequence[Found]]) -> list[Found]:
    """The files of all inputs, in the order of the inputs, without those that a better input contains.

    The outermost folder is the best input, so that the result does not depend on the order: of ``2024/june``
    and ``2024``, all photos are placed as in ``2024``. A folder is better than a photo, and of equal inputs
    the first one is taken. A symbolic link and the file it points to are two files.

    Args:
        inputs: folders and files.
        files: of each input.
    """
    folders = real_folders(file.path for found in files for file in found)
    best: dict[tuple[str, str], int] = {}
    given: set[tuple[str, str]] = set()
    ranks = [_rank(path) for path in inputs]
    for number, found in enumerate(files):
        for file in found:
            identity = folders[file.path.parent], file.path.name
            if identity not in best or ranks[number] < ranks[best[identity]]:
                best[identity] = number
            if file.given:
                given.add(identity)
    return [
        file._replace(given=identity in given)
        for number, found in enumerate(files)
        for file in found
        if best[identity := (folders[file.path.parent], file.path.name)] == number
    ]


def _rank(path: Path) -> tuple[bool, int]:
    """Lower for better inputs."""
    if not os.path.isdir(path):
        return True, 0
    return False, len(resolved(path).parts)
