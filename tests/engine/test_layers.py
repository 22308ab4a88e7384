from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from llflow_photo.engine import layers
from llflow_photo.engine.layers import Conv, Place, SplitConv

CPU = Place(torch.device("cpu"), torch.float32)


@pytest.fixture(params=[True, False], ids=["fused", "portable"])
def fused(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With torch's fused operations where they are, and without."""
    if request.param and not layers._FUSED:
        pytest.skip("this torch has no fused convolutions")
    monkeypatch.setattr(layers, "_FUSED", request.param)
    return bool(request.param)


def _random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def _channels_last(x: torch.Tensor) -> torch.Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def test_a_split_convolution_is_that_of_the_concatenation(fused: bool) -> None:
    channels = [5, 3, 8]
    weight, bias = _random(7, 16, 3, 3), _random(7)
    tensors = [_channels_last(_random(2, count, 9, 11)) for count in channels]
    expected = functional.conv2d(torch.cat(tensors, 1), weight, bias, padding=1)
    before = [tensor.clone() for tensor in tensors]
    made = SplitConv(weight, bias, CPU, channels)(tensors)
    assert torch.allclose(made, expected, atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(tensors, before, strict=True))


@pytest.mark.parametrize("kernel", [1, 3])
def test_rectified_adds_before_the_relu_and_spoils_nothing(fused: bool, kernel: int) -> None:
    weight, bias = _random(6, 4, kernel, kernel), _random(6)
    x, plus = _channels_last(_random(1, 4, 10, 8)), _channels_last(_random(1, 6, 10, 8))
    kept = plus.clone()
    conv = Conv(weight, bias, CPU)
    expected = functional.conv2d(x, weight, bias, padding=kernel // 2)
    assert torch.allclose(conv.rectified(x), expected.relu(), atol=1e-5)
    assert torch.allclose(conv.rectified(x, plus), (expected + plus).relu(), atol=1e-5)
    assert torch.equal(plus, kept)


def test_adding_to_a_total_is_the_sum(fused: bool) -> None:
    weight = _random(6, 4, 3, 3)
    x, total = _channels_last(_random(1, 4, 10, 8)), _channels_last(_random(1, 6, 10, 8))
    expected = total + functional.conv2d(x, weight, padding=1)
    assert torch.allclose(Conv(weight, None, CPU).add_to(total, x), expected, atol=1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 0.1), (torch.float32, 1e-5)])
def test_both_ways_agree_in_the_type_asked_for(
    dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not layers._FUSED:
        pytest.skip("this torch has no fused convolutions")
    weight, bias = _random(8, 12, 3, 3), _random(8)
    tensors = [_channels_last(_random(1, 6, 16, 16).to(dtype)) for _ in range(2)]
    place = Place(torch.device("cpu"), dtype)
    split = SplitConv(weight, bias, place, [6, 6])(tensors)
    monkeypatch.setattr(layers, "_FUSED", False)
    joined = SplitConv(weight, bias, place, [6, 6])(tensors)
    assert split.dtype == joined.dtype == dtype
    assert float(joined.float().std()) > 5  # beside which the tolerance is small
    assert torch.allclose(split.float(), joined.float(), rtol=0.01 if tolerance > 0.01 else 0, atol=tolerance)
