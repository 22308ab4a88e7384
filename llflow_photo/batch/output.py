"""The output folder: where it is, that it is safe to write to, what earlier runs left in it."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import BatchError

__all__ = ["MARKS", "choose_output", "is_intact", "remove_leftovers"]

MARKS = ".llflow-photo-in-hand"
"""Folder inside the output folder where workers of a cluster mark what they have in hand."""

_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}\.part", re.DOTALL)  # names may hold line breaks
_log = logging.getLogger(__name__)


def choose_output(inputs: Sequence[Path], output: Path | None) -> Path:
    """The output folder, absolute: as given, or ``NAME-enhanced`` beside the folder (or photo's folder) NAME.

    Beside, not inside, so that the next run on the same folder does not meet it; and a folder that a batch
    wrote to is known by its manifest and never entered, wherever it lies.

    Raises:
        BatchError: it is an input or holds one, so that outputs might be written over originals; or none can
            be derived.
    """
    if output is None:
        first = inputs[0].resolve()
        folder = first if os.path.isdir(first) else first.parent
        if folder.parent == folder:
            raise BatchError(f"{folder} has no folder beside it; name an output folder")
        output = folder.with_name(f"{folder.name}-enhanced")
    chosen = output.resolve()
    if os.path.exists(chosen) and not os.path.isdir(chosen):
        raise BatchError(f"the output {output} is a file; name a folder")
    for given in inputs:
        top = given.resolve()
        if os.path.isdir(top) and top.is_relative_to(chosen):
            raise BatchError(
                f"the output folder {output} is or holds the input {given}, and originals are never written "
                f"over; name another, for instance {top.with_name(top.name + '-enhanced')}"
            )
    return chosen


def is_intact(folder: Path, outputs: Sequence[str], sizes: Sequence[int]) -> bool:
    """Whether outputs are there in the sizes in which they were written."""
    if len(outputs) != len(sizes):
        return False
    try:
        return all((folder / name).stat().st_size == size for name, size in zip(outputs, sizes, strict=True))
    except OSError:
        return False


def remove_leftovers(root: Path, outputs: Iterable[str]) -> None:
    """Remove what killed processes left in the output folder ``root`` and where these outputs of it are."""
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
