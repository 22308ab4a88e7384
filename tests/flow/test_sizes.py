"""Sizes round-trip, and invalid ones are rejected."""

from __future__ import annotations

import json

import pytest

from llflow_photo.flow import COMPACT, SIZES, DenseSize, LLFlow, Size, UNetSize
from llflow_photo.flow.empty import empty_network
from llflow_photo.flow.sizes import size_of_settings


@pytest.mark.parametrize("size", SIZES.values())
def test_sizes_round_trip_through_json(size: Size) -> None:
    assert Size.from_dict(json.loads(json.dumps(size.to_dict()))) == size


def test_flat_dictionaries_of_dense_encoders_are_read() -> None:
    flat = {"features": 8, "growth": 4, "blocks": 2, "stacked": [1], "steps": 2, "hidden": 16}
    assert Size.from_dict(flat) == Size(DenseSize(8, 4, 2, (1,)), (2, 2, 2), 16)


def test_parameter_counts_are_the_papers() -> None:
    import torch

    with torch.device("meta"):
        counts = {name: sum(p.numel() for p in LLFlow(size).parameters()) for name, size in SIZES.items()}
    assert counts["small"] / 1e6 == pytest.approx(4.97, abs=0.01)
    assert counts["large"] / 1e6 == pytest.approx(37.68, abs=0.01)


@pytest.mark.parametrize(
    "size",
    [
        Size(DenseSize(8, 4, 2, (1,)), (2, 2, 2), 16),
        Size(UNetSize((8, 8, 8), (1, 1, 1), (1, 1), 8, 1, 3, 5), (1, 1, 1), 16, prior=True),
    ],
)
def test_an_empty_network_has_the_tensors_of_an_initialized_one(size: Size) -> None:
    empty, full = empty_network(size).state_dict(), LLFlow(size).state_dict()
    assert all(tensor.is_meta for tensor in empty.values())
    assert {name: (tensor.shape, tensor.dtype) for name, tensor in empty.items()} == {
        name: (tensor.shape, tensor.dtype) for name, tensor in full.items()
    }


def test_invalid_sizes_are_rejected() -> None:
    with pytest.raises(ValueError, match="steps must be 3"):
        Size(DenseSize(8, 4, 1), (1, 0, 1))
    with pytest.raises(ValueError, match="steps must be 3"):
        Size(DenseSize(8, 4, 1), (1, 1))
    with pytest.raises(ValueError, match="outside"):
        DenseSize(8, 4, 1, (1,))
    with pytest.raises(ValueError, match="entries"):
        UNetSize((8, 8), (1, 1), (1,))
    with pytest.raises(ValueError, match="points need quantiles"):
        UNetSize((8, 8, 8), (1, 1, 1), (1, 1), points=5)
    with pytest.raises(ValueError, match="too small"):
        UNetSize((8, 8, 8), (1, 1, 1), (1, 1), quantiles=5, points=-1)
    assert size_of_settings({"quantiles": (0,)}).encoder.points == 0  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="unknown size settings"):
        Size.from_dict({**COMPACT.to_dict(), "depth": 3})
