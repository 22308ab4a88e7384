"""The output folder: its path, whether it is safe to write to, leftovers of earlier runs."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import BatchError
from ..paths import resolved

__all__ = ["MARKS", "choose_output", "is_intact", "remove_leftovers"]

MARKS = ".llflow-photo-in-hand"
"""Folder inside the output folder where workers of a cluster mark the photos in progress."""

_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}\.part", re.DOTALL)  # names may hold line breaks
_log = logging.getLogger(__name__)


def choose_output(inputs: Sequence[Path], output: Path | None) -> Path:
    """The absolute path of the output folder: as given, or ``NAME-enhanced`` next to the input folder NAME.

    The default is next to the input, not inside, so that the next run on the same folder does not find it.
    A folder that a batch wrote to is recognized by its manifest and never entered, wherever it is.

    Raises:
        BatchError: the folder is or contains an input, so that outputs might overwrite originals; or no
            default can be derived.
    """
    if output is None:
        first = resolved(inputs[0])
        folder = first if os.path.isdir(first) else first.parent
        if folder.parent == folder:
            raise BatchError(f"{folder} has no parent folder; name an output folder")
        output = folder.with_name(f"{folder.name}-enhanced")
    chosen = resolved(output)
    if os.path.exists(chosen) and not os.path.isdir(chosen):
        raise BatchError(f"the output {output} is a file; name a folder")
    for given in inputs:
        top = resolved(given)
        if os.path.isdir(top) and top.is_relative_to(chosen):
            raise BatchError(
                f"the output folder {output} is or contains the input {given}, and originals are never "
                f"overwritten; name another, for instance {top.with_name(top.name + '-enhanced')}"
            )
    return chosen


def is_intact(folder: Path, outputs: Sequence[str], sizes: Sequence[int]) -> bool:
    """Whether outputs exist with the sizes with which they were written."""
    if len(outputs) != len(sizes):
        return False
    try:
        return all((folder / name).stat().st_size == size for name, size in zip(outputs, sizes, strict=True))
    except OSError:
        return False


def remove_leftovers(root: Path, outputs: Iterable[str]) -> None:
    """Remove temporary files of killed processes from the output folder ``root`` and folders of outputs."""
    shutil.rmtree(root / MARKS, ignore_errors=True)
    for folder in {root, *((root / name).parent for name in outputs)}:
        try:
            names = [name for name in os.listdir(folder) if _LEFTOVER.fullmatch(name)]
        except OSError:
            continue
        for name in names:
            _log.info("removing %s, left by a process that was killed", folder / name)
            with contextlib.suppress(OSError):
                (folder / name).unlink()
