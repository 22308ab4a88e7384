"""Free memory, the tile that fits into it, and the cost of networks."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from llflow_photo.engine.costs import default_halo, flops_per_pixel, receptive_field
from llflow_photo.engine.memory import free_bytes, is_out_of_memory, largest_tile
from llflow_photo.flow import COMPACT, LARGE, SMALL, LLFlow, Size
from llflow_photo.machine import Memory


def test_free_memory_is_that_of_the_machine_or_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llflow_photo.engine.memory.memory", lambda: Memory(8 << 30, 3 << 30, limited=False))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (5 << 30, 16 << 30))
    assert free_bytes(torch.device("cpu")) == 3 << 30
    assert free_bytes(torch.device("cuda")) == 5 << 30


def test_tiles_depend_on_memory_down_to_the_smallest() -> None:
    choices = (1024, 512, 256)
    assert largest_tile(2**30, 700, choices) == 1024
    assert largest_tile(2**28, 700, choices) == 512
    assert largest_tile(2**10, 700, choices) == 256


def test_out_of_memory_errors_are_recognized() -> None:
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


def test_costs_are_those_of_the_published_networks() -> None:
    assert sum(flops_per_pixel(SMALL)) * 400 * 600 == pytest.approx(295e9, rel=0.05)  # 295 GFLOP at 400 x 600


@pytest.mark.parametrize("size", [COMPACT, SMALL], ids=["compact", "small"])
def test_costs_are_those_that_torch_counts(size: Size) -> None:
    flow, image = LLFlow(size).eval(), torch.rand(1, 3, 64, 64)
    context = flow.context(torch.rand(1, 3, 64, 64))
    with torch.no_grad():
        with FlopCounterMode(display=False) as photo:
            conditioning = flow.encode(image, context=context)
        with FlopCounterMode(display=False) as latent:
            flow.decode(conditioning)
    expected = flops_per_pixel(size)
    assert photo.get_total_flops() / 64**2 == pytest.approx(expected[0], rel=0.01)
    # The trained form also runs transition steps, which the inference form folds into others.
    assert latent.get_total_flops() / 64**2 == pytest.approx(expected[1], rel=0.05)


def test_the_halo_grows_with_the_network() -> None:
    sizes = (COMPACT, SMALL, LARGE)
    halos = [default_halo(size) for size in sizes]
    assert halos[1] < halos[2]
    assert all(halo % 8 == 0 for halo in halos)
    assert all(halo < receptive_field(size) for halo, size in zip(halos, sizes, strict=True))
