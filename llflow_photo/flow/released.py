"""Checkpoints released by the paper's authors: tensor names, sizes, and conversion to our network."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ..errors import CheckpointError
from .empty import empty_network
from .llflow import LLFlow
from .sizes import DenseSize, Size

__all__ = ["from_released", "rename_released", "size_of_released"]

_UNUSED = re.compile(
    r"RRDB\.(downconv3|HRconv|conv_last|awb_para)\.(weight|bias)|flowUpsamplerNet\.f\.\d+\..*"
)
_ENCODER = [
    (r"RRDB\.conv_first\.", "encoder.first."),
    (r"RRDB\.conv_second\.", "encoder.second."),
    (r"RRDB\.trunk_conv\.", "encoder.trunk."),
    (r"RRDB\.downconv([12])\.", r"encoder.down\1."),
    (r"RRDB\.fine_tune_color_map\.0\.", "encoder.color."),
]
_BLOCK = re.compile(r"RRDB\.RRDB_trunk\.(\d+)\.RDB([123])\.conv([1-5])\.(weight|bias)")
_STEP = re.compile(r"flowUpsamplerNet\.layers\.(\d+)\.(.+)")
_NETS = {"fFeatures": "from_condition", "fAffine": "from_latent"}
_COUPLING = re.compile(r"affine\.(fFeatures|fAffine)\.([024])\.(.+)")
_NORM = {"bias": "bias", "logs": "log_scale"}


def from_released(state: Mapping[str, Tensor]) -> LLFlow:
    """Build a network from tensors with the names of the released checkpoints.

    The size is inferred from the tensors' shapes.

    Raises:
        CheckpointError: tensors are missing, unknown, or of shapes that do not fit together.
    """
    model = LLFlow(size_of_released(state))
    model.load_state_dict(rename_released(state))
    return model.eval()


def size_of_released(state: Mapping[str, Tensor]) -> Size:
    """Infer the network's size from the tensors' shapes.

    Only the number of stacked blocks can be inferred: one is block 1 (block 0 in networks of fewer than three
    blocks), four are blocks 1, 3, 5, 7.
    """
    try:
        features = state["RRDB.conv_first.weight"].shape[0]
        growth = state["RRDB.RRDB_trunk.0.RDB1.conv1.weight"].shape[0]
        blocks = 1 + max(int(match[1]) for name in state if (match := _BLOCK.fullmatch(name)))
        steps = sum(
            tensor.shape[0] == 12
            for name, tensor in state.items()
            if name.endswith("affine.fAffine.4.weight")
        )
        first = state["flowUpsamplerNet.layers.3.affine.fFeatures.0.weight"]
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"not a checkpoint of the low-light flow: {error} is missing among {len(state)} tensors"
        ) from error
    hidden, condition_channels = first.shape[:2]
    count = condition_channels // features - 1
    stacked = tuple(range(1, 2 * count, 2))
    if blocks <= max(stacked, default=0) or blocks < 3:
        stacked = tuple(range(count))
    return Size(DenseSize(features, growth, blocks, stacked), (steps,) * Size.LEVELS, hidden)


def rename_released(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors to our names; tensors that the forward pass does not use are dropped.

    Raises:
        CheckpointError: a tensor has an unknown name.
    """
    size = size_of_released(state)
    renamed, unknown = {}, []
    for name, tensor in state.items():
        if _UNUSED.fullmatch(name):
            continue
        ours = _rename(name, size)
        if ours is None:
            unknown.append(name)
        else:
            renamed[ours] = tensor
    if unknown:
        raise CheckpointError(f"{len(unknown)} tensors have unknown names, the first is {unknown[0]!r}")
    _check_against(renamed, size)
    return renamed


def _rename(name: str, size: Size) -> str | None:
    for pattern, replacement in _ENCODER:
        if re.match(pattern, name):
            return re.sub(pattern, replacement, name)
    if match := _BLOCK.fullmatch(name):
        block, dense, conv, kind = match.groups()
        return f"encoder.blocks.{block}.dense.{int(dense) - 1}.convs.{int(conv) - 1}.{kind}"
    if match := _STEP.fullmatch(name):
        place = _place_of_layer(int(match[1]), size)
        inner = _rename_in_step(match[2])
        return f"flow.{place}.{inner}" if place and inner else None
    return None


def _place_of_layer(layer: int, size: Size) -> str | None:
    """Released layers are numbered consecutively: per level a squeeze, transition and conditional steps."""
    level, within = divmod(layer, 1 + size.transition_steps + size.steps[0])
    if within == 0 or level >= Size.LEVELS:
        return None
    if within <= size.transition_steps:
        return f"levels.{level}.transitions.{within - 1}"
    return f"levels.{level}.conditional.{within - 1 - size.transition_steps}"


def _rename_in_step(inner: str) -> str | None:
    if inner == "invconv.weight":
        return "mix.weight"
    if inner in ("actnorm.bias", "actnorm.logs"):
        return f"norm.{_NORM[inner[8:]]}"
    match = _COUPLING.fullmatch(inner)
    if not match:
        return None
    net, layer, rest = _NETS[match[1]], {"0": "first", "2": "second", "4": "last"}[match[2]], match[3]
    if rest.startswith("actnorm."):
        rest = f"norm.{_NORM.get(rest[8:], rest[8:])}"
    elif rest == "logs":
        rest = "log_scale"
    else:
        rest = f"conv.{rest}"
    return f"coupling.{net}.{layer}.{rest}"


def _check_against(renamed: Mapping[str, Tensor], size: Size) -> None:
    expected = empty_network(size).state_dict()
    if missing := sorted(set(expected) - set(renamed)):
        raise CheckpointError(f"{len(missing)} tensors are missing, the first is {missing[0]!r}")
    for name, tensor in renamed.items():
        if name not in expected:
            raise CheckpointError(f"tensor {name!r} does not belong to a network of {size}")
        if tensor.shape != expected[name].shape:
            raise CheckpointError(
                f"tensor {name!r} is {tuple(tensor.shape)}, expected {tuple(expected[name].shape)}"
            )
