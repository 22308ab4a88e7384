"""The header of a weights file, read without torch: which network the weights are of."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..errors import CheckpointError
from ..flow import Size

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
            f"{path} does not contain the network's size; convert a released checkpoint with "
            f"'llflow-photo import {path} NAME.safetensors'"
        )
    try:
        return Size.from_dict(json.loads(metadata["size"]))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} contains an invalid network size: {error}") from error


def not_weights(path: Path, error: Exception) -> CheckpointError:
    """The error for a file that cannot be read as safetensors."""
    if not _may_be_read(path):  # safetensors reports this as a missing file
        return CheckpointError(f"{path} may not be read; check its permissions")
    return CheckpointError(
        f"{path} is not a readable safetensors file ({error}); convert other checkpoints with "
        f"'llflow-photo import {path} NAME.safetensors'"
    )


def _may_be_read(path: Path) -> bool:
    try:
        with open(path, "rb"):
            return True
    except OSError as error:
        return not isinstance(error, PermissionError)
