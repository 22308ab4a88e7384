"""Engines with tiny random networks: one with the paper's encoder, one that sees the whole photo."""

from __future__ import annotations

import pytest
import torch

from llflow_photo.engine import Enhancer
from llflow_photo.flow import DenseSize, LLFlow, Size, UNetSize

_SIZES = (
    Size(DenseSize(8, 4, 2, (0,)), steps=2, hidden=8),
    Size(UNetSize((8, 12, 16), (1, 1, 1), (1, 1), vector=16), steps=(1, 1, 1), hidden=8, prior=True),
)


@pytest.fixture(scope="module", params=_SIZES, ids=["neighborhood", "whole photo"])
def enhancer(request: pytest.FixtureRequest) -> Enhancer:
    torch.manual_seed(0)
    flow = LLFlow(request.param)
    with torch.no_grad():
        for name, parameter in flow.named_parameters():
            if "mix" not in name:
                parameter.add_(0.03 * torch.randn_like(parameter))
        if flow.prior is not None:
            flow.prior.spread.fill_(0.3)
    return Enhancer(flow.eval(), device="cpu", backend="float32")
