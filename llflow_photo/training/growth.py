"""Making a trained network deeper without changing its output at first."""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from ..errors import CheckpointError
from ..flow import LLFlow, Size

__all__ = ["grown"]

_REGRESSION = "branch.plain_nights."

_logger = logging.getLogger(__name__)


@torch.no_grad()
def grown(flow: LLFlow, size: Size) -> dict[str, Tensor]:
    """Weights of a network of ``size`` with the same output as ``flow``.

    Additional residual blocks are initialized to the identity, and additional paths of the branch to zero
    (after Chen et al. 2016, arXiv:1511.05641). A kernel regression of another number of centers has to be
    fitted again; that of ``flow`` is left out with a warning, and the exposure of plain nights changes.

    Raises:
        CheckpointError: ``size`` lacks a part of ``flow``, or is wider.
    """
    state = LLFlow(size).state_dict()
    before = flow.state_dict()
    points = before.get(_REGRESSION + "points")
    if points is not None and (state.get(_REGRESSION + "points", points[:0]).shape != points.shape):
        if before[_REGRESSION + "coefficients"].any():
            _logger.warning("the regression of plain nights is left out: this size has another")
        before = {name: value for name, value in before.items() if not name.startswith(_REGRESSION)}
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
