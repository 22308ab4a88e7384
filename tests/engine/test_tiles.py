"""Tile geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from llflow_photo.engine.costs import default_halo
from llflow_photo.engine.tiles import RAMP, plan_axis, plan_tiles, tile_side
from llflow_photo.errors import OptionError
from llflow_photo.flow import SIZES, Size


@pytest.mark.parametrize("length", [8, 128, 136, 1000, 4008, 6000])
@pytest.mark.parametrize(("tile", "halo"), [(128, 48), (256, 32), (1024, 48)])
def test_weights_sum_to_one_and_vanish_towards_the_read_border(length: int, tile: int, halo: int) -> None:
    spans = plan_axis(length, tile, halo)
    total = np.zeros(length)
    for span in spans:
        total[span.start : span.stop] += span.weights
        untouched = halo - RAMP // 2
        if span.start > 0:
            assert not span.weights[:untouched].any()
        if span.stop < length:
            assert not span.weights[-untouched:].any()
    np.testing.assert_allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize("length", [136, 520, 1000, 4008, 11664])
def test_tiles_are_equal_aligned_and_at_most_the_requested_size(length: int) -> None:
    spans = plan_axis(length, 128, 48)
    assert {span.stop - span.start for span in spans} == {spans[0].stop}
    assert spans[0].stop <= 128
    assert all(span.start % 8 == 0 and span.stop % 8 == 0 for span in spans)
    assert spans[-1].stop == length


@pytest.mark.parametrize(
    ("height", "width"), [(8, 8), (24, 20000), (1336, 2000), (2848, 4272), (8000, 12000)]
)
@pytest.mark.parametrize(("side", "halo"), [(256, 88), (512, 64), (1008, 64)])
def test_tiles_are_the_rectangles_that_read_the_fewest_pixels(
    height: int, width: int, side: int, halo: int
) -> None:
    tiles = plan_tiles(height, width, side, halo)
    shapes = {(tile.rows.stop - tile.rows.start, tile.cols.stop - tile.cols.start) for tile in tiles}
    assert len(shapes) == 1
    area = math.prod(shapes.pop())
    assert area <= side**2
    squares = [plan_axis(length, side, halo) for length in (height, width)]
    of_squares = math.prod(len(spans) * (spans[0].stop - spans[0].start) for spans in squares)
    assert len(tiles) * area <= of_squares
    assert tiles[-1].rows.stop == height and tiles[-1].cols.stop == width


@pytest.mark.parametrize(("side", "halo"), [(64, 16), (96, 32), (160, 64), (256, 64)])
@pytest.mark.parametrize("width", [72, 520, 1304])
def test_the_weights_of_rectangles_sum_to_one(width: int, side: int, halo: int) -> None:
    for height in range(8, 600, 56):
        total = np.zeros((height, width), np.float32)
        for tile in plan_tiles(height, width, side, halo):
            weights = np.outer(tile.rows.weights, tile.cols.weights)
            total[tile.rows.start : tile.rows.stop, tile.cols.start : tile.cols.stop] += weights
        np.testing.assert_allclose(total, 1, atol=1e-5)


def test_a_wide_photo_of_few_rows_has_wide_tiles() -> None:
    assert len(plan_tiles(512, 1368, 1008, 64)) == 1
    assert len(plan_tiles(512, 2000, 1008, 64)) == 2


def test_latent_positions_follow_the_pixels() -> None:
    tile = plan_tiles(512, 768, 256, 48)[-1]
    assert (tile.rows.latent.start * 8, tile.rows.latent.stop * 8) == (tile.rows.start, tile.rows.stop)
    assert tile.rows.stop == 512
    assert tile.cols.stop == 768


def test_a_tile_smaller_than_its_halos_is_rejected() -> None:
    with pytest.raises(OptionError, match="larger"):
        plan_axis(1000, 96, 48)


@pytest.mark.parametrize("halo", [-64, 0, 8])
def test_a_halo_narrower_than_the_transition_is_rejected(halo: int) -> None:
    with pytest.raises(OptionError, match=f"halo is {halo};"):
        plan_axis(400, 128, halo)
    assert len(plan_axis(128, 128, halo)) == 1
    assert len(plan_axis(400, 128, RAMP)) > 1


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("halos", [2, 3, 4])
@pytest.mark.parametrize("wanted", [64, 250, 512, 1024])
def test_tiles_have_room_for_the_halo_of_every_size(size: Size, halos: int, wanted: int) -> None:
    halo = default_halo(size)
    side = tile_side(wanted, halo, halos)
    assert side % 8 == 0 and side >= max(wanted - 7, halos * halo)
    assert len(plan_axis(2000, side, halo)) > 1
