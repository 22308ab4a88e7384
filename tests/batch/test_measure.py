"""Statistics of a photo for the report."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from llflow_photo.batch.recording.identity import photo_seed, settings_hash
from llflow_photo.batch.recording.measure import photo_stats, warnings_of
from llflow_photo.batch.recording.record import PhotoStats
from llflow_photo.color.spaces import LINEAR_SRGB
from llflow_photo.photo import Photo


def gray(value: float, shape: tuple[int, int] = (40, 60)) -> Photo:
    return Photo(np.full((*shape, 3), value, np.float32), LINEAR_SRGB)


@pytest.mark.parametrize("ev", [-6.0, -2.0, 0.0, 1.5])
def test_exposure_is_relative_to_middle_gray(ev: float) -> None:
    assert photo_stats(gray(0.18 * 2**ev)).exposure_ev == pytest.approx(ev, abs=0.01)


def test_a_lamp_hardly_changes_the_exposure_of_a_night() -> None:
    photo = gray(0.18 / 64)
    photo.pixels[:4, :6] = 1.0
    assert photo_stats(photo).exposure_ev == pytest.approx(-6 + 0.01 * 8.47, abs=0.02)
    assert photo_stats(photo).clipped == pytest.approx(0.01)


def test_histogram_and_thumbnail() -> None:
    photo = gray(0.0, (1500, 3000))
    photo.pixels[:, 1500:] = 0.999
    stats = photo_stats(photo)
    assert sum(stats.histogram) == pytest.approx(1.0, abs=1e-3)
    assert (stats.histogram[0], stats.histogram[63]) == pytest.approx((0.5, 0.5), abs=0.01)
    image = np.asarray(Image.open(io.BytesIO(stats.thumbnail)))
    assert image.shape == (120, 240, 3)
    assert image[:, :100].max() < 10
    assert image[:, 140:].min() > 245


def test_warnings() -> None:
    dark, clipped = PhotoStats(-5.0, 0.0, ()), PhotoStats(-1.0, 0.04, ())
    assert warnings_of(dark, [dark], (-8.0, -2.0)) == ()
    assert "4% more pixels at white" in warnings_of(dark, [dark, clipped])[0]
    assert "brighter (-1.0 EV)" in warnings_of(clipped, [clipped], (-8.0, -2.0))[0]
    assert "darker" in warnings_of(PhotoStats(-9.0, 0.0, ()), [], (-8.0, -2.0))[0]


def test_seeds_follow_from_content_and_seed() -> None:
    assert photo_seed("abc", 0) == photo_seed("abc", 0)
    assert len({photo_seed(content, seed) for content in ("a", "b") for seed in range(50)}) == 100
    assert all(0 <= photo_seed("a", seed) < 2**32 for seed in range(50))


def test_settings_hash_depends_on_values_not_on_order() -> None:
    assert settings_hash({"a": 1, "b": 2}) == settings_hash({"b": 2, "a": 1})
    assert settings_hash({"a": 1}) != settings_hash({"a": 2})
