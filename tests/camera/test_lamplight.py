"""Lamp-lit scenes: pools of light, lit surfaces, and what their references lift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llflow_photo.camera import NightSettings, night
from llflow_photo.camera.curves import srgb_to_linear
from llflow_photo.camera.lamplight import LampLight, Pool, Shape, sky_share
from llflow_photo.camera.lifting import buried_stops, lamp_lit_darkness, least_signal
from llflow_photo.camera.light import Lamp, Shade, Unevenness
from llflow_photo.camera.panels import Panel
from llflow_photo.camera.random_lights import Area, random_lamp_light
from llflow_photo.camera.sensor_noise import SensorNoise
from llflow_photo.camera.simulate import expose, frame_positions, reference

WARM = (1.5, 1.0, 0.5)
QUIET = SensorNoise(0.00001, 0.00001)


def _lit(*pools: Pool, ambient: float = 2.0**-6, **fields: object) -> NightSettings:
    light = LampLight(pools, ambient)
    return replace(night(-1.0), noise=QUIET, lamplight=light, **fields)  # type: ignore[arg-type]


def _gray(value: float = 0.18, height: int = 64, width: int = 96) -> np.ndarray:
    return np.full((height, width, 3), value, np.float32)


@pytest.mark.parametrize("shape", ["round", "rectangle", "beam"])
def test_pools_are_brightest_in_the_middle_and_fall_monotonically(shape: Shape) -> None:
    pool = Pool(0.5, 0.3, 0.2, 0.1, 0.3, 0.7, shape=shape)
    distance = np.linspace(0.0, 0.6, 100)
    for direction in np.linspace(0.0, 2 * np.pi, 16, endpoint=False):
        profile = [
            pool.light(
                np.array([0.5 + far * np.cos(direction)]), np.array([0.3 + far * np.sin(direction)])
            ).item()
            for far in distance
        ]
        assert profile[0] == pytest.approx(0.7, rel=1e-5)
        if shape != "beam":  # a beam is not round: beside it light first grows
            assert (np.diff(profile) <= 1e-7).all()
    ahead = pool.light(0.5 + distance * np.cos(0.3), 0.3 + distance * np.sin(0.3)).diagonal()
    assert (np.diff(ahead) < 0).all() and ahead[-1] < 0.2


def test_light_has_the_pools_color_and_the_ambient_stops() -> None:
    settings = _lit(Pool(0.2, 0.3, 0.03, 0.03, color=WARM))
    x, y = np.array([0.2, 0.95]), np.array([0.3])
    stops = np.log2(expose(_gray(0.18, 1, 2), settings, x, y) / 0.18)
    assert stops[0, 0].mean() == pytest.approx(-1.0, abs=0.2)
    assert stops[0, 0, 0] - stops[0, 0, 2] == pytest.approx(np.log2(3.0), abs=0.1)
    np.testing.assert_allclose(stops[0, 1], -7.0, atol=0.02)


def test_the_reference_lifts_the_dark_and_leaves_it_darker_than_the_pools() -> None:
    settings = _lit(Pool(0.2, 0.3, 0.03, 0.03, color=WARM), ambient=2.0**-7)
    x, y = np.linspace(0.2, 0.95, 200), np.array([0.3])
    scene = _gray(0.18, 1, 200)
    dark = np.log2(expose(scene, settings, x, y) / 0.18)[0]
    bright = np.log2(srgb_to_linear(reference(scene, settings, x, y)) / 0.18)[0]
    assert bright[0].mean() == pytest.approx(0.0, abs=0.2)
    assert -2.25 < bright[-1].mean() < -1.8
    assert (np.diff(bright.mean(1)) < 1e-3).all()
    kept = (bright[:, 0] - bright[:, 2])[:40] / (dark[:, 0] - dark[:, 2])[:40]
    np.testing.assert_allclose(kept, 0.85, atol=0.03)


def test_lifting_is_smooth_and_monotone() -> None:
    stops = np.linspace(-2.0, 12.0, 500)
    darkness = lamp_lit_darkness(stops, 2.2)
    assert (np.diff(darkness) > 0).all() and darkness[-1] < 2.2
    np.testing.assert_allclose(darkness[stops < 0], 0.7 * stops[stops < 0], atol=1e-6)
    for shot in (0.0002, 0.01):
        buried = buried_stops(stops, night(-2.0, shot=shot))
        assert (np.diff(buried) > 0).all() and np.abs(np.diff(buried, 2)).max() < 0.001
        assert buried[-1] - buried[-36] == pytest.approx(0.8 * (stops[-1] - stops[-36]), rel=0.1)


@pytest.mark.parametrize("shot", [0.0002, 0.01])
def test_areas_below_the_noise_are_not_lifted(shot: float) -> None:
    settings = night(-2.0, shot=shot)
    least = least_signal(settings)
    assert least == pytest.approx(0.4 * settings.noise.variance(least) ** 0.5, rel=0.05)
    room = np.log2(0.18 / 4 / least)
    above, below = buried_stops(np.array([room - 4.0, room + 4.0]), settings)
    assert above < 0.05 and below > 2.8


def test_eight_bits_contrast_and_a_wrong_black_level_hide_more() -> None:
    plain = replace(night(-2.0), noise=QUIET)
    least = [
        least_signal(settings)
        for settings in (
            plain,
            replace(plain, eight_bit=True),
            replace(plain, noise=replace(QUIET, black_error=(-0.001,) * 4)),
            replace(plain, contrast=True),
        )
    ]
    assert least == sorted(least) and least[0] < 1e-4
    assert least[2] == pytest.approx(0.001, rel=0.1)


def test_uneven_light_below_the_noise_stays_dark() -> None:
    shade = Unevenness(np.zeros((3, 3, 3)), (Shade(0.2, 0.3, 0.1, 6.0),))
    x, y = np.array([0.2]), np.array([0.3])
    clean, noisy = (
        reference(_gray(0.5, 1, 1), replace(night(-3.0), unevenness=shade, noise=noise), x, y).mean()
        for noise in (QUIET, SensorNoise(0.01, 0.01))
    )
    assert noisy < 0.6 * clean


def test_sky_stays_unlit_and_night() -> None:
    scene = _gray(0.18)
    scene[:32] = (0.2, 0.4, 0.7)
    assert sky_share(scene)[0, 0] > 0.8 and sky_share(scene)[-1, 0] == 0.0
    x, y = frame_positions(64, 96)
    settings = _lit(Pool(0.5, 0.33, 0.5, 0.5))
    assert settings.lamplight is not None
    unlit = replace(settings, lamplight=replace(settings.lamplight, sky=1.0))
    for function, factor in ((expose, 0.35), (reference, 0.7)):
        lit, dark = function(scene, settings, x, y), function(scene, unlit, x, y)
        np.testing.assert_array_equal(lit[32:], dark[32:])
        assert dark[20, 48].mean() < factor * lit[20, 48].mean()


def test_sky_share_draws_no_contours() -> None:
    """One step of an 8-bit photo must stay a small step."""
    pixel_values = np.arange(90, 250)
    steps = []
    for more in (5, 20, 40, 80):
        low = np.stack([pixel_values - more, pixel_values, pixel_values], -1) / 255
        shares = [
            sky_share(srgb_to_linear(low - change)[None]) for change in (0.0, np.array((1, 0, 0)) / 255)
        ]
        steps.append(np.abs(shares[0] - shares[1]).max())
    assert max(steps) < 0.04


def test_a_panel_is_bright_inside_and_nothing_outside() -> None:
    panel = Panel(0.5, 0.3, 0.1, 0.05, 0.01, 2.0, (0.5, 0.75, 1.0), plain=1.0)
    x, y = frame_positions(64, 96)
    scene = _gray()
    plain, lit = (expose(scene, replace(night(-4.0), panels=panels), x, y) for panels in ((), (panel,)))
    np.testing.assert_allclose((lit - plain)[29, 48], (1.0, 1.5, 2.0), rtol=1e-5)
    np.testing.assert_array_equal((lit - plain)[29, :36], 0.0)
    np.testing.assert_array_equal((lit - plain)[:22], 0.0)
    shows = replace(panel, plain=0.0)
    lit = expose(scene, replace(night(-4.0), panels=(shows,)), x, y)
    np.testing.assert_allclose((lit - plain)[29, 48], np.array((1.0, 1.5, 2.0)) * 0.18, rtol=1e-5)


def test_light_falls_monotonically_around_a_lamp_in_the_frame_and_its_reference() -> None:
    """Rings around lamps are a known fault of renderings: no pair may teach them."""
    lamp = Lamp(0.2, 0.3, 0.01, core=30.0, halo=0.3, spread=0.05, color=(1.0, 0.6, 0.2))
    x, y = np.linspace(0.2, 0.95, 400), np.array([0.3])
    for exposure_ev in (0.0, -2.0, -5.0):
        settings = replace(_lit(Pool(0.2, 0.3, 0.2, 0.1, color=WARM), lamps=(lamp,)), exposure_ev=exposure_ev)
        for function in (expose, reference):
            profile = function(_gray(0.3, 1, 400), settings, x, y)[0]
            assert (np.diff(profile, axis=0) <= 2e-4).all()


@pytest.mark.parametrize("seed", range(6))
def test_crops_of_random_lamp_light_are_crops_of_the_whole(seed: int) -> None:
    random = np.random.default_rng(seed)
    light, sources = random_lamp_light(random, -1.5, Area(1.0, 0.667, (0.2, 0.2, 0.5, 0.5)))
    settings = replace(night(-1.5), lamplight=light, lamps=sources.lamps, panels=sources.panels)
    scene = random.uniform(0, 1, (64, 96, 3)).astype(np.float32)
    x, y = frame_positions(64, 96)
    for function in (expose, reference):
        whole = function(scene, settings, x, y)
        part = function(scene[10:40, 20:70], settings, x[20:70], y[10:40])
        np.testing.assert_allclose(part, whole[10:40, 20:70], atol=1e-6, rtol=1e-5)
        assert np.isfinite(whole).all() and whole.min() >= 0


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5])
def test_averages_neither_miss_nor_overrate_small_lights(shift: float) -> None:
    side, place = 1 / 24, 0.5 + shift / 24
    lamp = Lamp(place, place, 0.006, core=1.0, halo=0.1, spread=0.01, color=WARM)
    panel = Panel(place, place, 0.008, 0.012, 0.002, 1.0, WARM, plain=1.0)
    fine, coarse = ((np.arange(count) + 0.5) / count for count in (480, 24))
    black = np.zeros((480, 480, 3), np.float32)
    for settings, error in (
        (replace(night(0.0), lamps=(lamp,)), 0.4),
        (replace(night(0.0), panels=(panel,)), 0.25),
    ):
        expected = expose(black, settings, fine, fine)
        found = expose(black[:24, :24], settings.averaged(side), coarse, coarse)
        assert found.mean() == pytest.approx(expected.mean(), rel=error)
        assert found.max() < 0.5
