"""Photos brought to a common exposure before the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from llflow_photo.camera.curves import linear_to_srgb, srgb_to_linear
from llflow_photo.flow import COMPACT, SMALL, PhotoStatistics, Size
from llflow_photo.flow.exposure import (
    FEATURES,
    HEADROOM_EV,
    THUMBNAIL,
    brightness_features,
    exposed,
    exposure_gain_ev,
    sampled,
    thumbnail,
    without_trim,
)
from llflow_photo.flow.inputs import equalization_table


def _photo(seed: int, mean: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    scene = random.lognormal(0.0, 0.8, (60, 80, 3)) * mean
    return np.asarray(np.clip(linear_to_srgb(np.clip(scene, 0, 1)), 0, 1), np.float32)


def _rule() -> tuple[float, ...]:
    """A rule that wants the mean luminance at 1/8."""
    first = np.zeros(FEATURES)
    first[12] = -1e-4  # in tanh's linear part
    return (*np.zeros(FEATURES), *np.ones(FEATURES), *first, 0.0, 1e4, -3.0)


@pytest.mark.parametrize("ev", [-2.0, 0.5, 3.0])
def test_a_gain_is_applied_in_linear_light(ev: float) -> None:
    photo = _photo(0, 0.02)
    expected = linear_to_srgb(np.minimum(srgb_to_linear(photo) * 2.0**ev, 1.0))
    np.testing.assert_allclose(exposed(torch.from_numpy(photo), ev).numpy(), expected, atol=3e-3)


def test_no_gain_changes_nothing_and_a_large_one_ends_at_white() -> None:
    photo = torch.from_numpy(_photo(1, 0.02))
    assert exposed(photo, 0.0) is photo
    bright = exposed(photo.clone(), 9.0)
    assert torch.isfinite(bright).all() and float(bright.max()) == pytest.approx(1.0)


@pytest.mark.parametrize("mean", [0.002, 0.01, 0.1])
def test_photos_of_any_exposure_are_seen_alike(mean: float) -> None:
    statistics = PhotoStatistics.of(_photo(2, mean), replace(SMALL, exposure=_rule()))
    seen = exposed(torch.from_numpy(_photo(2, mean)), statistics.gain_ev).numpy()
    assert srgb_to_linear(seen).mean() == pytest.approx(0.125, rel=0.25)
    np.testing.assert_allclose(statistics.equalization, equalization_table(seen), atol=2 / 255)


def test_without_a_rule_a_photo_is_seen_as_it_is() -> None:
    photo = _photo(3, 0.01)
    statistics = PhotoStatistics.of(photo, SMALL)
    assert statistics.gain_ev == 0.0
    np.testing.assert_array_equal(statistics.equalization, equalization_table(photo))


def test_a_thumbnail_averages_light() -> None:
    photo = _photo(5, 0.1).repeat(8, 0).repeat(8, 1)[:480, :640]
    np.testing.assert_allclose(
        thumbnail(photo), srgb_to_linear(photo).reshape(120, 4, 160, 4, 3).mean((1, 3)), atol=1e-6
    )
    coarse = np.rint(photo * 255).astype(np.uint8)
    np.testing.assert_array_equal(thumbnail(coarse), thumbnail(coarse / np.float32(255)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (160, 107), (1400, 1), (1701, 1333)])
def test_thumbnails_of_any_shape(shape: tuple[int, int]) -> None:
    small = thumbnail(np.full((*shape, 3), 0.5, np.float32))
    assert max(small.shape[:2]) == min(THUMBNAIL, max(shape)) and min(small.shape[:2]) >= 1
    np.testing.assert_allclose(small, srgb_to_linear(np.float32([0.5]))[0], rtol=1e-4)


def test_noise_does_not_change_what_a_histogram_says() -> None:
    random = np.random.default_rng(0)
    small = _photo(6, 0.05)
    light = srgb_to_linear(small).repeat(16, 0).repeat(16, 1)
    clean = brightness_features(linear_to_srgb(light))
    noisy = light + random.normal(0.0, 0.03, light.shape)
    found = brightness_features(linear_to_srgb(noisy))
    assert np.abs(found - clean)[4:].max() < 0.35
    assert np.median(np.abs(found - clean)) < 0.1


def test_well_exposed_photos_are_left_alone_and_dark_ones_are_not() -> None:
    level = 2.0**-2.5  # of the mean luminance, log2, that this rule wants with the headroom
    for ev, expected in ((-0.3, 0.0), (0.3, 0.0), (1.2, 1.2), (4.0, 4.0)):
        photo = linear_to_srgb(np.full((32, 32, 3), level * 2.0**-ev, np.float32))
        assert exposure_gain_ev(photo, _rule()) + HEADROOM_EV == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_white_frames_get_a_bounded_gain(value: float) -> None:
    gain = exposure_gain_ev(np.full((16, 16, 3), value, np.float32), _rule())
    assert -1.5 <= gain <= 9.0


def test_statistics_of_a_large_photo_come_from_a_sample() -> None:
    photo = np.tile(_photo(4, 0.01), (10, 10, 1))
    size = replace(SMALL, exposure=_rule())
    assert sampled(photo).shape[0] * sampled(photo).shape[1] < 140_000
    whole = PhotoStatistics.of(photo[:60, :80], size)
    assert PhotoStatistics.of(photo, size).gain_ev == pytest.approx(whole.gain_ev, abs=0.15)


def test_a_size_keeps_its_rule() -> None:
    size = replace(SMALL, exposure=_rule())
    assert Size.from_dict(size.to_dict()) == size
    assert "exposure" not in SMALL.to_dict()
    for wrong in (replace(SMALL), COMPACT):
        with pytest.raises(ValueError, match="cannot be an exposure rule"):
            replace(wrong, exposure=(1.0,) if wrong == SMALL else _rule())


def test_a_trim_takes_off_less_of_what_lacks_more() -> None:
    rule = _rule()
    trimmed = (*rule, 0.4, 0.1)
    assert without_trim(trimmed) == without_trim(rule) == tuple(rule)
    for mean in (0.002, 0.01):
        photo = _photo(5, mean)
        plain = exposure_gain_ev(photo, rule)
        off = max(0.0, 0.4 - 0.1 * (plain + HEADROOM_EV))
        assert exposure_gain_ev(photo, trimmed) == pytest.approx(plain - off)
    assert exposure_gain_ev(_photo(5, 0.002), rule) > 3.5  # so that one of both is trimmed by nothing


def test_a_size_takes_a_trimmed_rule_and_gives_it_back() -> None:
    size = replace(SMALL, exposure=(*_rule(), 0.2, 0.05))
    assert Size.from_dict(size.to_dict()) == size
    assert without_trim(()) == ()
