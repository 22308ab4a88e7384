"""Means over cells, gathered from blocks of rows."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from torch.nn import functional

from llflow_photo.sampling import CellMeans, row_blocks


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize("grid", [(64, 64), (24, 40), (5, 3)])
@pytest.mark.parametrize("shape", [(197, 311), (128, 64), (3, 200), (1, 1)])
def test_cells_are_those_of_adaptive_pooling(
    shape: tuple[int, int], grid: tuple[int, int], block: int
) -> None:
    image = np.random.default_rng(0).random((*shape, 3)).astype(np.float32)
    means = CellMeans(shape, grid)
    for top in range(0, shape[0], block):
        means.add(image[top : top + block])
    planes = torch.from_numpy(image).permute(2, 0, 1)
    expected = functional.adaptive_avg_pool2d(planes.double(), grid).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(means.result(), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (700, 300), (3, 100_000), (100_000, 3)])
def test_blocks_of_rows_cover_an_image_once(shape: tuple[int, int]) -> None:
    blocks = list(row_blocks(shape))
    assert np.array_equal(np.concatenate([np.arange(shape[0])[rows] for rows in blocks]), np.arange(shape[0]))
    assert max(rows.stop - rows.start for rows in blocks) * shape[1] <= max(1 << 15, shape[1])


def test_cells_of_a_wide_image_take_little_memory() -> None:
    shape, row = (100, 200_000), np.ones((1, 200_000, 3), np.float32)
    tracemalloc.start()
    means = CellMeans(shape, (64, 64))
    for _ in range(shape[0]):
        means.add(row)
    assert (means.result() == 1.0).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * row.nbytes
