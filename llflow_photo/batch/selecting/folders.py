"""The real folders of files, which tell files of several inputs of the same name apart."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["real_folders"]


def real_folders(paths: Iterable[Path]) -> dict[Path, str]:
    """The folder of each file with symbolic links resolved, by ``path.parent``.

    Paths relative to the input do not identify a folder: inputs of the same name, such as the folders
    ``100CANON`` of two memory cards, have the same ones.
    """
    return {folder: os.path.realpath(folder) for folder in {path.parent for path in paths}}
