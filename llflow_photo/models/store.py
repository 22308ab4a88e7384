"""Weights files: safetensors with our tensor names and the network's size in their metadata."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from ..errors import CheckpointError
from ..flow import LLFlow, Size
from ..flow.empty import empty_network
from ..flow.prior import with_complete_prior
from ..paths import expanded
from .card import Card, checksum
from .header import not_weights, read_size
from .registry import find

__all__ = ["LoadedModel", "load", "save"]

_KEEP_FULL_BELOW = 2048
"""Smaller tensors are stored in float32: they take little space, and rounding them shifts channels."""
_KEEP_FULL = "plain_nights.coefficients"
"""These, too: they are large, and their sum is small."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network in evaluation mode, float32, on the CPU, and its card."""

    flow: LLFlow
    card: Card


def save(
    flow_state: Mapping[str, Tensor],
    size: Size,
    path: Path,
    metadata: Mapping[str, str] | None = None,
    half: bool = True,
) -> None:
    """Write weights to a safetensors file, atomically.

    Args:
        flow_state: the network's `LLFlow.state_dict`.
        size: the network's size.
        path: ends in ``.safetensors``; an existing file is replaced.
        metadata: metadata entries besides ``size``.
        half: store large tensors in float16.

    Raises:
        CheckpointError: the tensors do not match the size, or are not finite.
        WriteError: the file cannot be written.
    """
    from ..files.atomic import atomic_file

    path = expanded(path)
    check_fits(flow_state, size, str(path))
    if bad := [name for name, tensor in flow_state.items() if not torch.isfinite(tensor).all()]:
        raise CheckpointError(
            f"{len(bad)} tensors contain values that are not finite, the first is {bad[0]!r}"
        )
    stored = {
        name: _stored(tensor, half and not name.endswith(_KEEP_FULL)) for name, tensor in flow_state.items()
    }
    entries = {"size": json.dumps(size.to_dict()), **(metadata or {})}
    header, content = _in_order(to_bytes(stored, entries))
    with atomic_file(path) as file:
        file.write(header)
        file.write(content)


def _in_order(data: bytes) -> tuple[bytes, memoryview]:
    """The header of a safetensors file with its metadata in order, and the rest of the file.

    The writer has them in random order, but the same weights should give the same file.
    """
    length = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + length])
    entries["__metadata__"] = dict(sorted(entries["__metadata__"].items()))
    header = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    header += b" " * (-len(header) % 8)  # tensors are aligned to 8 bytes
    return len(header).to_bytes(8, "little") + header, memoryview(data)[8 + length :]


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().float().contiguous().clone()
    if not half or tensor.numel() < _KEEP_FULL_BELOW:
        return tensor
    rounded = tensor.half()
    return rounded if torch.isfinite(rounded).all() else tensor


def load(name_or_path: str | os.PathLike[str]) -> LoadedModel:
    """Load a model by name or path; its checksum is verified if its card has one.

    Raises:
        ModelNotFoundError: there is no such model.
        CheckpointError: the file does not match its card, or does not contain weights of this network.
    """
    card = find(name_or_path)
    if card.sha256 and checksum(card.path) != card.sha256:
        raise CheckpointError(
            f"{card.path} is not the file its card describes (SHA-256 differs): it is damaged or was "
            f"changed; download it again, or remove {card.path.with_suffix('.json').name} if you changed it"
        )
    size = read_size(card.path)
    state = with_complete_prior({name: tensor.float() for name, tensor in _read_tensors(card.path).items()})
    check_fits(state, size, str(card.path))
    flow = empty_network(size)
    flow.load_state_dict(state, assign=True)
    flow.lowest_channel_ratio = card.lowest_channel_ratio
    return LoadedModel(flow.requires_grad_(False).eval(), card)


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise not_weights(path, error) from error
    return tensors


def check_fits(state: Mapping[str, Tensor], size: Size, source: str) -> None:
    """Check that the tensors are exactly those of a network of ``size``.

    Raises:
        CheckpointError: naming the first tensor that is missing, unknown or of another shape.
    """
    expected = empty_network(size).state_dict()
    if missing := sorted(set(expected) - set(state)):
        raise CheckpointError(f"{source}: {len(missing)} tensors are missing, the first is {missing[0]!r}")
    if unknown := sorted(set(state) - set(expected)):
        raise CheckpointError(f"{source}: {len(unknown)} tensors are unknown, the first is {unknown[0]!r}")
    for name, tensor in state.items():
        if tensor.shape != expected[name].shape:
            shape, wanted = tuple(tensor.shape), tuple(expected[name].shape)
            raise CheckpointError(f"{source}: tensor {name!r} has shape {shape}, expected {wanted}")
