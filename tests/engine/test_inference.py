"""The inference form against the trained form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from engine_helpers import TINY, dark_photo, random_flow

from llflow_photo import models
from llflow_photo.engine.calibration import calibration_image
from llflow_photo.engine.inference import FoldedFlow, Precision
from llflow_photo.engine.precision import chosen_precision, largest_difference
from llflow_photo.engine.processor import has_onednn
from llflow_photo.errors import OptionError
from llflow_photo.flow import DenseSize, PhotoStatistics, Size, UNetSize

CPU = torch.device("cpu")
SIZES = [
    TINY,
    Size(DenseSize(8, 4, 3, (2, 0)), steps=1, hidden=16, transition_steps=1),
    Size(DenseSize(16, 8, 1), steps=3, hidden=8, transition_steps=0),
    Size(UNetSize((8, 12, 16), (1, 1, 2), (1, 2), vector=16), steps=(1, 2, 1), hidden=8),
]
WHOLE = torch.tensor([[0.0, 0.0, 1.0, 1.0]])


def folded_with_photo(size: Size = TINY, photo: np.ndarray | None = None) -> tuple[FoldedFlow, Any]:
    """The inference form of a random network, and what it needs of a photo (the calibration image)."""
    folded = FoldedFlow(random_flow(size), CPU)
    if photo is None:
        photo = calibration_image()[0][0].permute(1, 2, 0).numpy()
    return folded, folded.photo(PhotoStatistics.of(photo, size))


@pytest.mark.parametrize("size", SIZES, ids=["tiny", "two stacked", "none stacked", "whole photo"])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
@torch.inference_mode()
def test_agrees_with_the_trained_form(size: Size, temperature: float) -> None:
    flow = random_flow(size)
    photo = dark_photo(48, 72)
    image = torch.from_numpy(photo).permute(2, 0, 1)[None]
    offset = temperature * torch.randn(1, 192, 6, 9, generator=torch.Generator().manual_seed(1))
    conditioning = flow.encode(image)
    expected = flow.decode(conditioning, conditioning.mean + offset)
    assert expected.std() > 0.01
    folded, whole = folded_with_photo(size, photo)
    torch.testing.assert_close(folded(image, whole, WHOLE, offset), expected, rtol=1e-4, atol=1e-4)
    given = folded.condition(image, whole, WHOLE)
    torch.testing.assert_close(given.mean, conditioning.mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(folded.render(given, offset), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*jit.trace.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("size", [TINY, SIZES[3]], ids=["tiny", "whole photo"])
@torch.inference_mode()
def test_the_traced_network_uses_portable_operations_and_agrees(size: Size) -> None:
    folded, whole = folded_with_photo(size)
    inputs = calibration_image()

    def network(image: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        return folded(image, whole, WHOLE, offset)

    traced = torch.jit.trace(network, inputs, check_trace=False)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(traced(*inputs), network(*inputs), rtol=1e-4, atol=1e-4)
    schemas = {node.schema() for node in traced.graph.nodes() if "::" in node.kind()}
    assert any("addcmul" in schema for schema in schemas)
    assert not any("mkldnn" in schema or "addcmul.out" in schema for schema in schemas)


@pytest.mark.parametrize("size", [TINY, SIZES[3]], ids=["tiny", "whole photo"])
@torch.inference_mode()
def test_a_batch_equals_its_parts(size: Size) -> None:
    folded, whole = folded_with_photo(size)
    image, offset = calibration_image()
    images, windows = (
        torch.cat([image, image.flip(3)]),
        torch.tensor([[0, 0, 0.5, 0.7], [0.5, 0.3, 0.5, 0.7]]),
    )
    both = folded(images, whole, windows, torch.cat([offset, -offset]))
    second = folded(images[1:], whole, windows[1:], -offset)
    torch.testing.assert_close(both[1:], second, rtol=1e-4, atol=1e-4)


def test_the_error_of_half_precision_is_small_and_measured() -> None:
    flow = random_flow()
    mixed = largest_difference(flow, CPU, Precision(blocks=torch.bfloat16))
    half = largest_difference(flow, CPU, Precision(torch.bfloat16, torch.bfloat16))
    assert 0 < mixed < half < 0.2
    assert largest_difference(flow, CPU, Precision()) == 0


def test_a_network_sensitive_to_half_precision_runs_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llflow_photo.engine.precision.has_fast_bfloat16", lambda: True)
    flow = random_flow()
    monkeypatch.setattr("llflow_photo.engine.precision.TOLERANCE", 1.0)
    assert chosen_precision(flow, CPU, "auto") == Precision(torch.bfloat16, torch.bfloat16)
    monkeypatch.setattr("llflow_photo.engine.precision.TOLERANCE", 0.0)
    assert chosen_precision(flow, CPU, "auto") == Precision()
    with pytest.raises(OptionError, match="backend"):
        chosen_precision(flow, CPU, "quarter")


@pytest.mark.parametrize("size", [TINY, SIZES[3]], ids=["tiny", "whole photo"])
def test_memory_of_the_conditioning_is_predicted(size: Size) -> None:
    from llflow_photo.engine.costs import kept_bytes_per_pixel

    folded, whole = folded_with_photo(size)
    image, _ = calibration_image()
    given = folded.condition(image, whole, WHOLE)
    assert given.bytes() == kept_bytes_per_pixel(size, Precision()) * np.prod(image.shape[2:])


@pytest.mark.skipif(not has_onednn(torch.bfloat16), reason="no bfloat16 convolutions on this processor")
def test_precision_is_measured_with_the_noise_of_the_prior() -> None:
    flow = models.load("night-compact").flow
    assert flow.prior is not None
    own = largest_difference(flow, CPU, Precision(blocks=torch.bfloat16))
    flow.prior.detail.fill_(1.0)
    assert 0 < 1.5 * own < largest_difference(flow, CPU, Precision(blocks=torch.bfloat16))
