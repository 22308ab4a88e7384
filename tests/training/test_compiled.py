"""Compiled networks compute the same; torch's eager backend needs no C++ compiler."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from llflow_photo.errors import OptionError
from llflow_photo.flow import LLFlow, Size, UNetSize
from llflow_photo.training.compiled import compile_parts

SIZE = Size(UNetSize((8, 12, 16), (1, 1, 1), (1, 1), 16, 1), steps=(1, 1, 1), hidden=8, prior=True)


def _flow() -> LLFlow:
    torch.manual_seed(0)
    flow = LLFlow(SIZE)
    with torch.no_grad():
        for name, parameter in flow.named_parameters():
            if not name.endswith("mix.weight"):
                parameter.add_(0.03 * torch.randn_like(parameter))
    return flow


def _likelihood_and_gradients(flow: LLFlow) -> tuple[torch.Tensor, list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    dark, reference = (torch.rand((2, 3, 32, 48), generator=generator) for _ in range(2))
    conditioning = flow.encode(0.2 * dark)
    value = flow.log_prob(reference, conditioning).sum() + flow.decode(conditioning).sum()
    value.backward()  # type: ignore[no-untyped-call]
    return value.detach(), [p.grad for p in flow.parameters() if p.grad is not None]


def test_a_compiled_network_has_the_same_values_gradients_and_weights() -> None:
    plain, compiled = _flow(), _flow()
    compile_parts(compiled, backend="eager")
    torch._dynamo.utils.counters.clear()
    (value, gradients), (expected, wanted) = map(_likelihood_and_gradients, (compiled, plain))
    torch.testing.assert_close(value, expected)
    assert len(gradients) == len(wanted) > 50
    for one, other in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(one, other)
    assert (
        torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 4
    )  # encoder, and three methods of the flow
    assert list(compiled.state_dict()) == list(plain.state_dict())


def test_a_system_that_cannot_compile_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no C++ compiler\nmore")

    monkeypatch.setattr(torch, "compile", fail)
    with pytest.raises(OptionError, match=r"torch.compile does not work here: no C\+\+ compiler"):
        compile_parts(_flow())
