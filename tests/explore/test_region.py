"""Geometry of previews: the visible part, its scale, and its pixels."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.explore.region import Region, resample, subsample, visible_region

EVERYTHING = ((-1e6, -1e6), (1e6, 1e6))


def test_the_whole_photo_at_full_size() -> None:
    region = visible_region((100, 203), EVERYTHING)
    assert region.is_whole and region.is_full_size
    assert region.shape == (100, 203)
    assert region.offset == (0.0, 0.0)


def test_a_visible_part_begins_at_multiples_of_16_and_covers_what_is_visible() -> None:
    region = visible_region((1000, 1500), ((103.0, 511.5), (300.2, 888.0)))
    assert region.is_full_size and not region.is_whole
    assert region.rows[0] % 16 == region.cols[0] % 16 == 0
    assert region.rows[0] <= 103 and region.rows[1] >= 300.2
    assert region.cols[0] <= 511 and region.cols[1] >= 888
    assert region.shape[0] <= 198 + 32 and region.shape[1] <= 377 + 32


def test_context_reaches_beyond_what_is_visible_and_not_beyond_the_photo() -> None:
    region = visible_region((200, 300), ((64.0, 10.0), (120.0, 290.0)), context=32)
    assert region.rows == (32, 160) and region.cols == (0, 300)


@pytest.mark.parametrize("zoom", [0.05, 0.3, 1.0, 7.0])
def test_at_most_as_large_as_the_screen_the_photo_and_the_limit(zoom: float) -> None:
    region = visible_region((4000, 6000), EVERYTHING, zoom, most_pixels=500_000)
    assert region.shape[0] <= 4000 * min(zoom, 1) + 1
    assert region.shape[0] * region.shape[1] < 1.05 * 500_000


@pytest.mark.parametrize("corners", [((50, 50), (50, 50)), ((-9, -9), (-1, -1)), ((500, 0), (900, 10))])
def test_nothing_visible_means_the_whole_photo(corners: tuple[tuple[float, float], ...]) -> None:
    assert visible_region((40, 60), corners).is_whole  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 1), (3, 1000), (1000, 3), (8, 8), (9, 17)])
def test_any_shape_gives_pixels_of_the_region_s_shape(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).random((*shape, 3), np.float32)
    for most in (10, 100, 10_000_000):
        region = visible_region(shape, EVERYTHING, 1.0, most)
        assert resample(pixels, region).shape == (*region.shape, 3)


def test_resampling_preserves_ramps_and_reduces_noise() -> None:
    y, x = np.mgrid[0:64, 0:96].astype(np.float32)
    pixels = np.stack([y, x, y + x], -1)
    region = Region((64, 96), (16, 24), (8, 16), (8, 24))
    inner = resample(pixels, region)[:-1, :-1]
    expected = np.stack([(y + 0.5) * 4 - 0.5 for y in np.mgrid[8:15, 8:23]], -1)
    np.testing.assert_allclose(inner[..., :2], expected, atol=1e-4)
    noise = np.random.default_rng(1).normal(0, 1, (64, 96, 3))
    assert resample(noise, region).std() < 0.35


def test_a_block_of_the_scaled_photo_equals_the_block_of_the_whole_scaled_photo() -> None:
    pixels = np.random.default_rng(2).random((250, 331, 3), np.float32)
    whole = visible_region((250, 331), EVERYTHING, 0.37)
    part = Region(whole.photo, whole.frame, (40, 80), (64, 112))
    np.testing.assert_allclose(resample(pixels, part), resample(pixels, whole)[40:80, 64:112], atol=1e-5)


def test_the_offset_is_where_the_first_pixel_s_center_lies() -> None:
    ramp = np.repeat(np.arange(64, dtype=np.float32)[:, None, None], 3, 2) + np.zeros((64, 64, 3), np.float32)
    region = Region((64, 64), (16, 16), (8, 16), (0, 16))
    assert resample(ramp, region)[0, 0, 0] == pytest.approx(region.offset[0])


def test_integers_keep_their_units() -> None:
    pixels = np.full((16, 16, 3), 200, np.uint8)
    assert resample(pixels, visible_region((16, 16), EVERYTHING, 0.5)).max() == 200


def test_a_subsample_keeps_the_spread_of_noise() -> None:
    noise = np.random.default_rng(3).normal(0.5, 0.1, (600, 800, 3)).astype(np.float32)
    small = subsample(noise, 20_000)
    assert small.shape[0] * small.shape[1] <= 20_000
    assert float(small.std()) == pytest.approx(0.1, rel=0.03)


@pytest.mark.parametrize(("height", "width"), [(1, 50_000), (50_000, 1), (3, 20_000), (1, 1)])
def test_a_subsample_of_a_narrow_photo_is_neither_empty_nor_large(height: int, width: int) -> None:
    small = subsample(np.zeros((height, width, 3), np.float32), 1000)
    assert small.size and small.shape[0] * small.shape[1] <= 1001
