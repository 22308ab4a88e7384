"""A network to which blocks were added renders as before."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from llflow_photo.errors import CheckpointError
from llflow_photo.flow import LLFlow, Size
from llflow_photo.flow.sizes import UNetSize
from llflow_photo.training.growth import grown

_SHALLOW = UNetSize(widths=(8, 12, 16), down=(1, 0, 1), up=(1, 0), vector=8)
_DEEP = replace(_SHALLOW, down=(2, 1, 1), up=(1, 2), branch=2, quantiles=8, points=5)


def _size(encoder: UNetSize, hidden: int = 8) -> Size:
    return Size(encoder, steps=1, hidden=hidden, transition_steps=0, prior=True)  # type: ignore[arg-type]


@torch.no_grad()
def test_a_grown_network_renders_as_before() -> None:
    torch.manual_seed(0)
    shallow = LLFlow(_size(_SHALLOW)).eval()
    for parameter in shallow.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))
    deep = LLFlow(_size(_DEEP)).eval()
    before = sum(value.numel() for value in shallow.parameters())
    assert sum(value.numel() for value in deep.parameters()) > before
    deep.load_state_dict(grown(shallow, _size(_DEEP)))
    dark = 0.2 * torch.rand(1, 3, 40, 56)
    torch.testing.assert_close(deep.decode(deep.encode(dark)), shallow.decode(shallow.encode(dark)))


@torch.no_grad()
@pytest.mark.parametrize("points", [0, 7])
def test_a_regression_of_another_size_is_left_out_with_a_warning(
    points: int, caplog: pytest.LogCaptureFixture
) -> None:
    fitted = LLFlow(_size(_DEEP))
    assert fitted.branch is not None and fitted.branch.plain_nights is not None
    fitted.branch.plain_nights.coefficients.fill_(1.0)
    same = grown(fitted, _size(_DEEP))
    assert torch.equal(same["branch.plain_nights.coefficients"], torch.ones(5, 2))
    assert not caplog.records
    other = grown(fitted, _size(replace(_DEEP, points=points)))
    assert "regression of plain nights" in caplog.text
    known = other.get("branch.plain_nights.coefficients", torch.zeros(0, 2))
    assert known.shape == (points, 2) and not known.any()


def test_added_parts_can_be_trained() -> None:
    torch.manual_seed(0)
    deep = LLFlow(_size(_DEEP))
    deep.load_state_dict(grown(LLFlow(_size(_SHALLOW)), _size(_DEEP)))
    nothing = [name for name, value in deep.named_parameters() if "second" in name and not value.any()]
    assert len(nothing) >= 2
    for head in (deep.encoder.base, deep.encoder.color):  # at first they give nothing back
        torch.nn.init.normal_(head.weight)
    dark = 0.2 * torch.rand(1, 3, 16, 24)
    deep.decode(deep.encode(dark)).square().sum().backward()
    weights = dict(deep.named_parameters())
    for name in ("encoder.down.0.1.second.weight", "encoder.up.1.0.second.weight"):
        assert weights[name].grad is not None and weights[name].grad.abs().max() > 0


@pytest.mark.parametrize(
    "size",
    [
        _size(replace(_DEEP, widths=(8, 12, 24))),
        _size(replace(_SHALLOW, down=(0, 0, 1))),
        _size(_DEEP, hidden=16),
        replace(_size(_DEEP), steps=(1, 1, 2)),
    ],
)
def test_only_blocks_can_be_added(size: Size) -> None:
    with pytest.raises(CheckpointError, match="residual blocks"):
        grown(LLFlow(_size(_SHALLOW)), size)
