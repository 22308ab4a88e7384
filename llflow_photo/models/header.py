"""The header of a weights file, read without torch: which network the weights are of."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..errors import CheckpointError
from ..flow import Size
from ..install_hints import shell_quoted

__all__ = ["not_weights", "read_size"]


def read_size(path: Path) -> Size:
    """Read the network's size from the metadata of a safetensors file.

    Raises:
        CheckpointError: the file is not a safetensors file, or was not written by `store.save`.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise not_weights(path, error) from error
    if "size" not in metadata:
        raise CheckpointError(
            f"{path} does not contain the network's size; convert a released checkpoint with: "
            f"{import_command(path)}"
        )
    try:
        return Size.from_dict(json.loads(metadata["size"]))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} contains an invalid network size: {error}") from error


def not_weights(path: Path, error: Exception) -> CheckpointError:
    """The error for a file that cannot be read as safetensors."""
    try:  # safetensors reports every one of these as a missing or damaged file
        with open(path, "rb"):
            pass
    except PermissionError:
        return CheckpointError(f"{path} may not be read; check its permissions")
    except IsADirectoryError:
        return CheckpointError(f"{path} is a folder, not a file of weights; rename it, or move it elsewhere")
    except FileNotFoundError:
        if path.is_symlink():
            return CheckpointError(f"{path} is a link to a file that does not exist; remove it")
        return CheckpointError(f"{path} does not exist; give the path of a model")
    except OSError as failure:
        return CheckpointError(f"{path} cannot be read: {failure.strerror or failure}; copy it again")
    return CheckpointError(
        f"{path} is not a readable safetensors file ({error}); convert other checkpoints with: "
        f"{import_command(path)}"
    )


def import_command(path: Path) -> str:
    """The command that converts a checkpoint to a model."""
    return f"llflow-photo import {shell_quoted(str(path))} NAME.safetensors"
