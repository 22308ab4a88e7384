from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from llflow_photo.engine import layers
from llflow_photo.engine.layers import (
    Conv,
    Downsampling,
    Place,
    SplitConv,
    Upsampling,
    fold,
    unfold,
)
from llflow_photo.engine.processor import has_fused_convolutions, has_onednn

CPU = Place(torch.device("cpu"), torch.float32)


@pytest.fixture(params=[True, False], ids=["fused", "portable"])
def fused(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With torch's fused operations where they are, and without."""
    if request.param and not (has_onednn() and has_fused_convolutions()):
        pytest.skip("this torch has no fused convolutions")
    monkeypatch.setattr(layers, "has_fused_convolutions", lambda: request.param)
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
def test_rectified_adds_before_the_relu_and_does_not_modify_its_inputs(fused: bool, kernel: int) -> None:
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


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 0.1), (torch.float32, 1e-4)])
def test_both_implementations_agree_in_every_data_type(
    dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (has_onednn(dtype) and has_fused_convolutions()):
        pytest.skip(f"no fused convolutions in {dtype} on this processor")
    weight, bias = _random(8, 12, 3, 3), _random(8)
    tensors = [_channels_last(_random(1, 6, 16, 16).to(dtype)) for _ in range(2)]
    place = Place(torch.device("cpu"), dtype)
    split = SplitConv(weight, bias, place, [6, 6])(tensors)
    monkeypatch.setattr(layers, "has_fused_convolutions", lambda: False)
    joined = SplitConv(weight, bias, place, [6, 6])(tensors)
    assert split.dtype == joined.dtype == dtype
    assert float(joined.float().std()) > 5  # beside which the tolerance is small
    assert torch.allclose(split.float(), joined.float(), rtol=0.01 if tolerance > 0.01 else 0, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_works_on_every_processor(dtype: torch.dtype) -> None:
    """With or without the instructions for it; what is not fused is emulated."""
    weight, bias, x = _random(6, 4, 3, 3), _random(6), _channels_last(_random(1, 4, 10, 8))
    conv = Conv(weight, bias, Place(torch.device("cpu"), dtype))
    assert conv.fuses == (has_onednn(dtype) and has_fused_convolutions())
    expected = functional.conv2d(x, weight, bias, padding=1)
    torch.testing.assert_close(conv.rectified(x.to(dtype)).float(), expected.relu(), rtol=0.05, atol=0.1)
    pointwise = Conv(weight[..., 0, 0], bias, Place(torch.device("cpu"), dtype))
    expected = functional.conv2d(x, weight[..., :1, :1], bias)
    torch.testing.assert_close(pointwise(x.to(dtype)).float(), expected, rtol=0.05, atol=0.1)


def test_folding_is_undone_by_unfolding_and_orders_channels_last() -> None:
    x = _random(2, 3, 4, 6)
    folded = fold(x)
    assert torch.equal(unfold(folded), x)
    assert torch.equal(folded[:, 3:6, 1, 2], x[:, :, 2, 5])  # row 0, column 1 of a position


def test_down_and_upsampling_equal_torchs() -> None:
    x = _channels_last(_random(1, 4, 6, 8))
    weight, bias = _random(5, 4, 2, 2), _random(5)
    expected = functional.conv2d(x, weight, bias, stride=2)
    torch.testing.assert_close(Downsampling(weight, bias, CPU)(x), expected, rtol=1e-5, atol=1e-5)
    weight, bias = _random(12, 4, 1, 1), _random(12)
    expected = functional.pixel_shuffle(functional.conv2d(x, weight, bias), 2)
    torch.testing.assert_close(Upsampling(weight, bias, CPU)(x), expected, rtol=1e-5, atol=1e-5)
