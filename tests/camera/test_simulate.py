"""From photo to RAW frame and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llflow_photo.camera import NightSettings, develop, night, random_night, simulate_night_raw
from llflow_photo.camera.curves import inverse_s_curve, linear_to_srgb, s_curve, srgb_to_linear
from llflow_photo.camera.light import Lamp, Shade, Unevenness
from llflow_photo.camera.raw import PATTERNS, mosaic
from llflow_photo.camera.sensor_noise import SensorNoise
from llflow_photo.camera.sensors import CAMERAS, ILLUMINANTS
from llflow_photo.camera.simulate import expose, frame_positions, reference, scene_light
from llflow_photo.errors import ImageInputError

QUIET = SensorNoise()


def _flat(value: int, height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def _smooth_photo() -> np.ndarray:
    """A picture without fine detail, in which a demosaic errs little; uint8, 64 x 96 x 3."""
    y, x = np.mgrid[0:64, 0:96] / 96
    channels = [0.5 + 0.4 * np.sin(6 * x + 2 * y), 0.5 + 0.4 * np.cos(5 * y), 0.3 + 0.5 * x]
    return (np.stack(channels, -1) * 255).astype(np.uint8)


def test_curves_invert_and_match_the_standard() -> None:
    raw_values = np.arange(256, dtype=np.uint8)
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(raw_values)), raw_values / 255, atol=1.1e-4)
    assert srgb_to_linear(np.array([0.5]))[0] == pytest.approx(0.21404114, abs=1e-6)
    values = np.linspace(0, 1, 101)
    np.testing.assert_allclose(s_curve(inverse_s_curve(values)), values, atol=2e-6)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_mosaic_keeps_each_filters_color(pattern: str) -> None:
    image = np.stack([np.full((4, 6), value) for value in (1, 2, 3)], -1)
    colors = "".join("?RGB"[value] for value in mosaic(image, pattern)[:2, :2].ravel())
    assert colors == pattern


def test_black_is_the_black_level_and_far_above_white_is_white() -> None:
    settings = replace(night(-3.0), noise=QUIET, black_level=600, white_level=15000)
    assert (simulate_night_raw(_flat(0), settings, np.random.default_rng(0)).mosaic == 600).all()
    bright = replace(settings, exposure_ev=4.0, noise=SensorNoise(0.001, 0.01))
    assert (simulate_night_raw(_flat(255), bright, np.random.default_rng(0)).mosaic == 15000).all()


def test_a_stop_halves_the_signal() -> None:
    raw_values = []
    for exposure_ev in (-1.0, -2.0):
        settings = replace(night(exposure_ev), noise=QUIET)
        frame = simulate_night_raw(_flat(200), settings, np.random.default_rng(0))
        raw_values.append(frame.mosaic.astype(float) - frame.black_level)
    np.testing.assert_allclose(raw_values[0], 2 * raw_values[1], atol=1.5)


def test_noise_in_the_raw_frame_follows_the_formula() -> None:
    settings = night(-2.0, shot=0.002)
    frame = simulate_night_raw(_flat(220, 400, 400), settings, np.random.default_rng(5))
    green = (frame.mosaic[0::2, 1::2].astype(float) - frame.black_level) / (
        frame.white_level - frame.black_level
    )
    signal = float(srgb_to_linear(np.array([220 / 255]))[0]) / 4
    assert green.mean() == pytest.approx(signal, rel=0.005)
    assert green.var() == pytest.approx(0.002 * signal + settings.noise.read**2, rel=0.03)


@pytest.mark.parametrize("light", ILLUMINANTS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_gray_develops_to_gray(light: str, pattern: str) -> None:
    camera = CAMERAS[PATTERNS.index(pattern) * 2]
    settings = replace(night(-3.0, light, camera, pattern=pattern), noise=QUIET)
    developed = develop(simulate_night_raw(_flat(200), settings, np.random.default_rng(0)))
    expected = float(linear_to_srgb(srgb_to_linear(np.array([200 / 255])) / 8)[0])
    np.testing.assert_allclose(developed, expected, atol=0.002)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_well_exposed_frame_is_reproduced(pattern: str) -> None:
    photo = _smooth_photo()
    settings = replace(night(0.0, camera=CAMERAS[4], pattern=pattern), noise=QUIET)
    developed = develop(simulate_night_raw(photo, settings, np.random.default_rng(0)))
    error = np.abs(developed - photo / 255)[4:-4, 4:-4]
    assert error.mean() < 0.004


def test_a_wrong_white_balance_tints_as_stated() -> None:
    settings = replace(night(-3.0), noise=QUIET, balance_error=(0.8, 1.0, 1.0))
    developed = develop(simulate_night_raw(_flat(200), settings, np.random.default_rng(0)))
    linear = srgb_to_linear(developed[20, 30].astype(np.float64))
    camera = settings.camera.camera_from_srgb @ linear
    assert camera[0] / camera[1] == pytest.approx(1.25, rel=0.02)


@pytest.mark.parametrize("balance_error", [(0.85, 1.0, 1.2), (0.7, 1.05, 1.6), (1.2, 1.0, 0.9)])
def test_the_reference_keeps_the_cast_that_the_development_has(balance_error: tuple[float, ...]) -> None:
    settings = replace(night(-2.0), noise=QUIET, balance_error=balance_error)
    photo = np.empty((40, 60, 3), np.uint8)
    photo[:, :30], photo[:, 30:] = (150, 120, 100), (70, 60, 65)
    x, y = frame_positions(40, 60)
    developed = srgb_to_linear(develop(simulate_night_raw(photo, settings, np.random.default_rng(0))))
    bright = srgb_to_linear(reference(scene_light(photo, settings), settings, x, y))
    for column in (12, 48):
        ratios = bright[20, column] / developed[20, column]
        np.testing.assert_allclose(ratios / ratios[1], 1.0, rtol=0.02)


def test_uneven_light_keeps_its_color_and_most_of_its_stops() -> None:
    waves = np.zeros((3, 3, 3))
    waves[:, 0, 1], waves[0, 0, 1], waves[2, 0, 1] = 1.0, 1.3, 0.7
    settings = replace(night(-4.0), unevenness=Unevenness(waves))
    scene = np.full((4, 60, 3), 0.2, np.float32)
    x, y = frame_positions(4, 60)
    dark = np.log2(expose(scene, settings, x, y) / 0.2) + 4
    bright = np.log2(srgb_to_linear(reference(scene, settings, x, y)) / 0.2)
    np.testing.assert_allclose(bright[..., 0] - bright[..., 2], dark[..., 0] - dark[..., 2], atol=0.01)
    np.testing.assert_allclose(bright.mean(2), 0.7 * dark.mean(2), atol=0.01)


def test_the_seed_decides_the_frame() -> None:
    photo, settings = _smooth_photo(), night(-4.0)
    first, again, other = (
        simulate_night_raw(photo, settings, np.random.default_rng(seed)).mosaic for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_the_reference_of_an_even_night_is_the_photo() -> None:
    photo = _smooth_photo()
    x, y = frame_positions(*photo.shape[:2])
    for contrast in (False, True):
        settings = replace(night(-4.0), contrast=contrast)
        bright = reference(scene_light(photo, settings), settings, x, y)
        np.testing.assert_allclose(bright, photo / 255, atol=1e-3)


def _lit_settings() -> NightSettings:
    waves = np.zeros((3, 3, 3))
    waves[:, 0, 1] = 0.7
    waves[0, 1, 0] = 0.2
    unevenness = Unevenness(waves, (Shade(0.2, 0.3, 0.15, 4.0),))
    lamp = Lamp(0.7, 0.4, 0.03, core=20.0, halo=0.2, spread=0.1, color=(1.0, 0.6, 0.2))
    return replace(night(-4.0), unevenness=unevenness, lamps=(lamp,))


def test_light_on_a_crop_is_the_crop_of_the_light() -> None:
    settings = _lit_settings()
    scene = scene_light(_smooth_photo(), settings)
    x, y = frame_positions(64, 96)
    for function in (expose, reference):
        whole = function(scene, settings, x, y)
        part = function(scene[10:40, 20:70], settings, x[20:70], y[10:40])
        np.testing.assert_allclose(part, whole[10:40, 20:70], atol=1e-6)


def test_lamps_stay_white_and_shadows_are_deep() -> None:
    settings = _lit_settings()
    x, y = frame_positions(64, 96)
    scene = np.full((64, 96, 3), 0.5, np.float32)
    dark, bright = expose(scene, settings, x, y), reference(scene, settings, x, y)
    lamp, shadow = (int(0.4 * 96), int(0.7 * 96)), (int(0.3 * 96), int(0.2 * 96))
    assert dark[lamp].min() > 1 and bright[lamp].min() == 1.0
    even = 0.5 * 2.0**-4
    assert dark[shadow][1] < even / 4
    halo = (lamp[0], int(0.82 * 96))
    assert dark[halo][0] > dark[halo][1] > dark[halo][2]
    assert bright[shadow][1] < bright[10, 60][1]


def test_random_nights_span_what_photographers_bring() -> None:
    random = np.random.default_rng(0)
    nights = [random_night(random) for _ in range(600)]
    lamp_lit = [settings for settings in nights if settings.lamplight is not None]
    assert 0.15 < len(lamp_lit) / len(nights) < 0.26
    assert all(-3.0 <= settings.exposure_ev <= 0.4 for settings in lamp_lit)
    assert all(2.0**-8 <= s.lamplight.ambient <= 2.0**-4 for s in lamp_lit if s.lamplight)
    exposures = np.array([settings.exposure_ev for settings in nights if settings.lamplight is None])
    assert -7.0 <= exposures.min() < -6.0 and exposures.max() <= 0.0
    assert 0.16 < (exposures >= -0.5).mean() < 0.29
    assert {settings.pattern for settings in nights} == set(PATTERNS)
    assert 0.25 < np.mean([bool(settings.lamps) for settings in nights]) < 0.5
    assert 0.05 < np.mean([bool(settings.panels) for settings in nights]) < 0.25
    assert 0.05 < np.mean([sum(settings.noise.black_error) < 0 for settings in nights]) < 0.35
    assert {settings.white_level for settings in nights} == {4095, 16383}
    assert 0.3 < (exposures[exposures >= -0.5] == 0).mean() < 0.7
    red_over_blue = np.array([s.balance_error[2] / s.balance_error[0] for s in nights])
    assert 0.11 < (red_over_blue > 1.5).mean() < 0.35 and red_over_blue.max() < 4
    for settings in nights:
        dark = 0.5 * np.log2(settings.lamplight.ambient) if settings.lamplight else 0.0
        gray = 0.18 * 2.0 ** (settings.exposure_ev + dark)
        assert gray**2 >= 1.2**2 * settings.noise.variance(gray) * 0.999


def test_arrays_of_other_shapes_are_refused() -> None:
    with pytest.raises(ImageInputError, match="H x W x 3"):
        simulate_night_raw(np.zeros((8, 8), np.uint8), night(-3.0), np.random.default_rng(0))
