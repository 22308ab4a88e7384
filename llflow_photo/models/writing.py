"""Writing: errors of the file system as `WriteError`, and models that must not be replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import LLFlowPhotoError, OptionError, OutputExistsError, WriteError

__all__ = ["SUFFIX", "check_target", "writing"]

SUFFIX = ".safetensors"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Report errors of the file system in this context as errors of writing ``path``.

    Raises:
        WriteError: the folder is missing, not writable, or full.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, (LLFlowPhotoError, BrokenPipeError)):
            raise
        raise WriteError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another folder"
        ) from error


def check_target(out: Path, force: bool) -> None:
    """Check that a model and its card may be written.

    Args:
        out: the file of weights.
        force: whether existing files may be replaced.

    Raises:
        OptionError: ``out`` does not end in ``.safetensors``.
        OutputExistsError: there are such files, and ``force`` is false.
    """
    if out.suffix != SUFFIX:
        raise OptionError(f"the model to write must end in {SUFFIX}, not {out.name!r}")
    for path in (out, out.with_suffix(".json")):
        if os.path.lexists(path) and not force:
            raise OutputExistsError(f"{path} already exists; give another name, or replace it with --force")
