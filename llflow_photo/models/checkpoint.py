"""Checkpoints of a training run, replaced atomically so that an interruption leaves a complete file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, BinaryIO

import torch

from ..errors import CheckpointError
from ..flow.prior import with_complete_prior
from .writing import writing

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values; the old file is replaced when the new one is complete.

    Raises:
        WriteError: the folder is missing, not writable, or full; the old file is left as it is.
    """
    # One name for all, so that processes that are killed leave one temporary file at most.
    temporary = path.with_name(path.name + ".part")
    try:
        with writing(path):
            with temporary.open("wb") as file:
                _save(state, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _save(state: dict[str, Any], file: BinaryIO) -> None:
    try:
        torch.save(state, file)
    except RuntimeError as error:  # torch's writer, about the size of a file that could not be written
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a file written by `save_checkpoint`, with tensors on the CPU.

    Raises:
        CheckpointError: the file is missing, damaged or not a checkpoint.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except Exception as error:  # torch raises many kinds for broken files
        raise CheckpointError(f"{path} is not a readable checkpoint: {error}") from error
    if not isinstance(state, dict) or "step" not in state:
        raise CheckpointError(f"{path} is not a checkpoint of a training run")
    for weights in ("model", "average"):
        if isinstance(state.get(weights), dict):
            state[weights] = with_complete_prior(state[weights])
    return state
