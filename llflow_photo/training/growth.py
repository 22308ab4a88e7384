"""Making a trained network deeper without changing its output at first."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import CheckpointError
from ..flow import LLFlow, Size

__all__ = ["grown"]


@torch.no_grad()
def grown(flow: LLFlow, size: Size) -> dict[str, Tensor]:
    """Weights of a network of ``size`` with the same output as ``flow``.

    Additional residual blocks are initialized to the identity, and additional paths of the branch to zero
    (after Chen et al. 2016, arXiv:1511.05641).

    Raises:
        CheckpointError: ``size`` lacks a part of ``flow``, or is wider.
    """
    state = LLFlow(size).state_dict()
    before = {
        name: value
        for name, value in flow.state_dict().items()
        if not name.startswith("branch.plain_nights.")  # of another size, it has to be fitted again
        or (name in state and state[name].shape == value.shape)
    }
    unfit = sorted(
        {name for name, value in before.items() if name not in state or state[name].shape != value.shape}
        | {name for name in state.keys() - before.keys() if not name.startswith(("encoder.", "branch."))}
    )
    if unfit:
        raise CheckpointError(
            f"a network of this size cannot start from that model, which differs in {unfit[0]}; it can only "
            f"have more residual blocks"
        )
    for name in state.keys() - before.keys():
        if not _ends_a_new_part(name):
            continue
        state[name] = torch.zeros_like(state[name])
    return state | before


def _ends_a_new_part(name: str) -> bool:
    """Whether a tensor belongs to the last layer of a residual block or path, whose output is added."""
    return any(part in name for part in (".second.", ".deep_to_grid.", ".to_vector.", ".to_gain."))
