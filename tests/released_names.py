"""Our tensor names to the released checkpoints', for tests: written apart from the importer, to check it."""

from __future__ import annotations

import torch

from llflow_photo.flow import Size

__all__ = ["released_names"]

_NETS = {"from_condition": "fFeatures", "from_latent": "fAffine"}
_LAYERS = {"first": "0", "second": "2", "last": "4"}


def released_names(state: dict[str, torch.Tensor], size: Size) -> dict[str, torch.Tensor]:
    """A network's tensors under the released names."""
    result = {}
    for name, tensor in state.items():
        parts = name.split(".")
        if parts[:2] == ["encoder", "blocks"]:
            block, dense, conv, kind = parts[2], int(parts[4]) + 1, int(parts[6]) + 1, parts[7]
            new = f"RRDB.RRDB_trunk.{block}.RDB{dense}.conv{conv}.{kind}"
        elif parts[0] == "encoder":
            layer = {"first": "conv_first", "second": "conv_second", "trunk": "trunk_conv"}
            layer |= {"down1": "downconv1", "down2": "downconv2", "color": "fine_tune_color_map.0"}
            new = f"RRDB.{layer[parts[1]]}.{parts[2]}"
        else:
            new = _step_name(parts, size)
        result[new] = tensor
    return result


def _step_name(parts: list[str], size: Size) -> str:
    level, kind, number, rest = int(parts[2]), parts[3], int(parts[4]), parts[5:]
    layer = level * (1 + size.transition_steps + size.steps[0]) + 1 + number
    layer += size.transition_steps if kind == "conditional" else 0
    if rest[0] == "mix":
        inner = "invconv.weight"
    elif rest[0] == "norm":
        inner = "actnorm." + rest[1].replace("log_scale", "logs")
    else:
        tail = ".".join(rest[3:]).replace("log_scale", "logs").replace("norm.", "actnorm.")
        inner = f"affine.{_NETS[rest[1]]}.{_LAYERS[rest[2]]}.{tail.removeprefix('conv.')}"
    return f"flowUpsamplerNet.layers.{layer}.{inner}"
