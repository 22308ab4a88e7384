"""Free memory and the tile that fits it."""

from __future__ import annotations

import torch

from llflow_photo import load_model
from llflow_photo.engine.costs import default_halo, flops_per_pixel, receptive_field
from llflow_photo.engine.memory import free_bytes, is_out_of_memory, largest_tile
from llflow_photo.flow import COMPACT, LARGE, SMALL


def test_free_memory_is_known_here() -> None:
    assert 2**26 < free_bytes(torch.device("cpu")) < 2**46


def test_tiles_shrink_with_memory_but_not_below_the_smallest() -> None:
    choices = (1024, 512, 256)
    assert largest_tile(2**30, 700, choices) == 1024
    assert largest_tile(2**28, 700, choices) == 512
    assert largest_tile(2**10, 700, choices) == 256


def test_errors_of_memory_are_told_from_others() -> None:
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


def test_costs_are_those_of_the_published_networks() -> None:
    photo, latent = flops_per_pixel(SMALL)
    assert abs((photo + latent) * 400 * 600 / 295e9 - 1) < 0.05  # 295 GFLOP at 400 x 600
    assert 0.03 < latent / (photo + latent) < 0.07
    assert 0.13e6 < sum(flops_per_pixel(COMPACT)) < 0.16e6


def test_the_halo_grows_with_the_network() -> None:
    sizes = (COMPACT, SMALL, LARGE)
    halos = [default_halo(size) for size in sizes]
    assert halos[1] < halos[2]
    assert all(halo % 8 == 0 for halo in halos)
    assert all(halo < receptive_field(size) for halo, size in zip(halos, sizes, strict=True))
    assert default_halo(load_model("night-compact").flow.size) < halos[0]  # it has an exposure rule
