"""The folded network against the trained form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from engine_helpers import TINY, dark_photo, random_flow

from llflow_photo.engine.calibration import calibration_image
from llflow_photo.engine.inference import FoldedFlow, Precision
from llflow_photo.engine.precision import chosen_precision, largest_difference
from llflow_photo.engine.view import prepare
from llflow_photo.errors import OptionError
from llflow_photo.flow import Size
from llflow_photo.flow.inputs import equalization_table

CPU = torch.device("cpu")
SIZES = [
    TINY,
    Size(features=8, growth=4, blocks=3, stacked=(2, 0), steps=1, hidden=16, transition_steps=1),
    Size(features=16, growth=8, blocks=1, stacked=(), steps=3, hidden=8, transition_steps=0),
]


@pytest.mark.parametrize("size", SIZES, ids=["tiny", "two stacked", "none stacked"])
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
    folded = FoldedFlow(flow, CPU)
    network_input = prepare(image, torch.from_numpy(equalization_table(photo)))
    torch.testing.assert_close(folded(network_input, offset), expected, rtol=1e-4, atol=1e-4)
    given = folded.condition(network_input)
    torch.testing.assert_close(given.mean, conditioning.mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(folded.render(given, offset), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*jit.trace.*deprecated:DeprecationWarning")
@torch.inference_mode()
def test_written_down_for_a_compiler_it_uses_portable_operations_and_agrees() -> None:
    folded = FoldedFlow(random_flow(), CPU)
    image, table, offset = calibration_image()
    inputs = (prepare(image, table), offset)

    def network(network_input: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        return folded(network_input, offset)

    traced = torch.jit.trace(network, inputs, check_trace=False)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(traced(*inputs), folded(*inputs), rtol=1e-4, atol=1e-4)
    schemas = {node.schema() for node in traced.graph.nodes() if "::" in node.kind()}
    assert any("addcmul" in schema for schema in schemas)
    assert not any("mkldnn" in schema or "addcmul.out" in schema for schema in schemas)


@torch.inference_mode()
def test_a_batch_is_what_its_parts_are() -> None:
    folded = FoldedFlow(random_flow(), CPU)
    image, table, offset = calibration_image()
    network_input = prepare(torch.cat([image, image.flip(3)]), table)
    both = folded(network_input, torch.cat([offset, -offset]))
    torch.testing.assert_close(both[1:], folded(network_input[1:], -offset), rtol=1e-4, atol=1e-4)


def test_half_precision_is_near_and_its_distance_is_measured() -> None:
    flow = random_flow()
    mixed = largest_difference(flow, CPU, Precision(blocks=torch.bfloat16))
    half = largest_difference(flow, CPU, Precision(torch.bfloat16, torch.bfloat16))
    assert 0 < mixed < half < 0.2
    assert largest_difference(flow, CPU, Precision()) == 0


def test_a_network_that_half_precision_changes_runs_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llflow_photo.engine.precision._has_fast_bfloat16", lambda: True)
    flow = random_flow()
    monkeypatch.setattr("llflow_photo.engine.precision.TOLERANCE", 1.0)
    assert chosen_precision(flow, CPU, "auto") == Precision(blocks=torch.bfloat16)
    monkeypatch.setattr("llflow_photo.engine.precision.TOLERANCE", 0.0)
    assert chosen_precision(flow, CPU, "auto") == Precision()
    with pytest.raises(OptionError, match="backend"):
        chosen_precision(flow, CPU, "quarter")


def test_kept_memory_is_what_the_arithmetic_says() -> None:
    from llflow_photo.engine.costs import kept_bytes_per_pixel

    folded = FoldedFlow(random_flow(), CPU)
    image, table, _ = calibration_image()
    given = folded.condition(prepare(image, table))
    assert given.bytes() == kept_bytes_per_pixel(TINY, Precision()) * np.prod(image.shape[2:])
