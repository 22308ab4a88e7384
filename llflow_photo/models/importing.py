"""Import of released checkpoints: read safely, renamed, and written as safetensors with a card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..errors import CheckpointError, WriteError
from ..flow.released import rename_released, size_of_released
from ..paths import expanded
from .card import Card, checksum
from .store import save
from .writing import check_target, writing

__all__ = ["import_checkpoint", "read_released"]

_NESTED_UNDER = ("state_dict", "params_ema", "params", "model", "model_state_dict")
_PREFIXES = ("module.", "netG.", "model.")


def import_checkpoint(path: Path, out: Path, half: bool = False, force: bool = False) -> Card:
    """Convert a released checkpoint to a model file and its card.

    Args:
        path: ``.pth``, ``.pt`` or ``.safetensors`` with the released tensor names; the tensors may be nested
            under ``state_dict``, ``params`` or ``model``, and prefixed with ``module.``.
        out: the ``.safetensors`` file to write.
        half: store large tensors in float16.
        force: replace an existing model, except the checkpoint itself.

    Raises:
        OptionError: ``out`` does not end in ``.safetensors``.
        CheckpointError: the file cannot be read safely, or is not such a checkpoint.
        OutputExistsError: there is such a model or its card, and ``force`` is false.
        WriteError: ``out`` is the checkpoint itself, or cannot be written.
    """
    path, out = expanded(path), expanded(out)
    if out.exists() and path.exists() and out.samefile(path):
        raise WriteError(f"{out} is the checkpoint itself, which is never overwritten; give another output")
    check_target(out, force)
    state = read_released(path)
    size = size_of_released(state)
    source = checksum(path)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    save(rename_released(state), size, out, {"source": path.name}, half)
    card = Card(
        name=out.stem,
        size=size.to_dict(),
        data=f"imported from {path.name}, SHA-256 {source}",
        licence="that of the imported checkpoint; the authors' own are CC BY-NC-SA, academic use only",
        sha256=checksum(out),
        path=out,
    )
    card.write()
    return card


def read_released(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint without executing code in it, and remove nesting and prefixes.

    Raises:
        CheckpointError: the file is missing or unreadable, or contains other things than tensors and plain
            values, or no tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; give the path of a .pth or .pt file")
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise CheckpointError(f"{path} may not be read; check its permissions") from error
    except Exception as error:  # torch raises many kinds for broken files
        # torch's own message suggests reading the file unsafely.
        raise CheckpointError(
            f"{path} is not a checkpoint that can be read safely ({type(error).__name__}); give a file that "
            "contains only tensors and plain values"
        ) from error
    return _unwrap(content, path)


def _unwrap(content: Any, path: Path) -> dict[str, Tensor]:
    for _ in range(3):
        inner = [key for key in _NESTED_UNDER if isinstance(content, Mapping) and key in content]
        if not inner:
            break
        content = content[inner[0]]
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path} contains a {type(content).__name__}, not named tensors")
    state = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not state:
        raise CheckpointError(f"{path} contains no tensors")
    for prefix in _PREFIXES * 2:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return {name: value.float() for name, value in state.items()}
