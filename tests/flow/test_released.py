"""Conversion of released tensor names: a round trip, and the tables of all names if available."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from released_names import released_names

from llflow_photo.errors import CheckpointError
from llflow_photo.flow import LARGE, SMALL, LLFlow, Size
from llflow_photo.flow.released import from_released, rename_released, size_of_released


@torch.no_grad()
@pytest.mark.parametrize("changes", [{}, {"blocks": 4, "stacked": (1,), "steps": 2}, {"hidden": 5}])
def test_released_names_round_trip(tiny_flow: Callable[..., LLFlow], changes: dict[str, object]) -> None:
    flow = tiny_flow(**changes)
    state = released_names(flow.state_dict(), flow.size)
    state["RRDB.HRconv.weight"] = torch.zeros(3)  # not used in the forward pass
    state["flowUpsamplerNet.f.0.weight"] = torch.zeros(3)
    back = from_released(state)
    assert back.size == flow.size
    dark = torch.rand(1, 3, 24, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(back.decode(back.encode(dark)), flow.decode(flow.encode(dark)))


def test_wrong_tensors_are_named(tiny_flow: Callable[..., LLFlow]) -> None:
    flow = tiny_flow()
    state = released_names(flow.state_dict(), flow.size)
    with pytest.raises(CheckpointError, match="unknown names, the first is 'extra'"):
        rename_released({**state, "extra": torch.zeros(1)})
    without = {name: tensor for name, tensor in state.items() if not name.endswith("trunk_conv.bias")}
    with pytest.raises(CheckpointError, match=r"1 tensors are missing.*encoder\.trunk\.bias"):
        rename_released(without)
    with pytest.raises(CheckpointError, match="expected"):
        rename_released({**state, "RRDB.trunk_conv.bias": torch.zeros(7)})
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        rename_released({"something": torch.zeros(1)})


@pytest.mark.parametrize(("table", "size"), [("small", SMALL), ("large", LARGE)])
def test_the_released_tables_fit(shared: Path, table: str, size: Size) -> None:
    lines = (shared / f"fixtures/released_{table}_keys.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if line.strip()]
    state = {
        name: torch.empty([int(n) for n in shape.split("x")] if shape else [], device="meta")
        for name, shape in rows
    }
    assert size_of_released(state) == size
    with torch.device("meta"):
        expected = LLFlow(size).state_dict()
    assert set(rename_released(state)) == set(expected)
