"""Rings around lamps."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo import Options, Photo
from llflow_photo.color.working import from_network, to_network
from llflow_photo.finish import finished

_SIDE = 160


def _radius() -> np.ndarray:
    y, x = np.mgrid[:_SIDE, :_SIDE] - (_SIDE - 1) / 2
    return np.hypot(y, x)


def _lamp(core: float = 7.0, color: tuple[float, float, float] = (1.0, 0.92, 0.8)) -> Photo:
    """A saturated core in a glow that falls with the square of the distance, over a dark ground."""
    glow = 0.75 * (core / np.maximum(_radius(), core)) ** 1.5 + 0.05
    level = np.where(_radius() < core, 1.0, glow)[..., None] * np.array(color)
    level[_radius() < core] = 1.0
    return Photo(level.astype(np.float32))


def _rendered(photo: Photo, ring: str) -> np.ndarray:
    """Brighter by a curve, with a ring as networks draw them."""
    bright = np.clip(photo.pixels, 0, 1) ** 0.55
    radius = _radius()
    if ring == "gray":
        bright *= 1 - 0.35 * np.exp(-(((radius - 11) / 2.5) ** 2))[..., None]
    elif ring == "bright":
        bright *= 1 + 0.25 * np.exp(-(((radius - 20) / 3.0) ** 2))[..., None]
    return np.clip(bright, 0, 1).astype(np.float32)


def _profile(picture: np.ndarray) -> np.ndarray:
    """Mean luma by radius, of 255."""
    luma = picture @ np.array([0.2126, 0.7152, 0.0722])
    ring = _radius().astype(int)
    sums = np.bincount(ring.ravel(), luma.ravel())
    return (255 * sums / np.bincount(ring.ravel()))[:60]


@pytest.mark.parametrize("ring", ["none", "gray", "bright"])
def test_brightness_falls_from_a_lamp_outwards(ring: str) -> None:
    photo = _lamp()
    _, residual = to_network(photo)
    rendering = _rendered(photo, ring)
    if ring != "none":
        assert np.diff(_profile(rendering)).max() > 2
    result = finished(rendering, residual, Options()).pixels
    assert np.diff(_profile(result)).max() < 0.51


@pytest.mark.parametrize("color", [(0.1, 0.3, 1.0), (1.0, 0.15, 0.2), (0.2, 0.9, 0.3)])
def test_colored_signs_beside_a_lamp_keep_their_color(color: tuple[float, float, float]) -> None:
    photo = _lamp()
    sign = np.s_[84:92, 96:120]
    photo.pixels[sign] = np.array(color) * np.linspace(0.7, 1.0, 24)[:, None]
    _, residual = to_network(photo)
    rendering = _rendered(photo, "gray")
    plain = Options(texture=0, local_exposure=0, color_smoothing=0)
    result = finished(rendering, residual, plain).pixels
    without = from_network(rendering, residual, protect_highlights=True).pixels
    assert np.abs(result - without).max() > 5 / 255  # the ring
    inside = [part[86:90, 98:118] for part in (result, without)]
    shares = [part / part.sum(axis=2, keepdims=True) for part in inside]
    np.testing.assert_allclose(*shares, atol=0.02)


def test_a_small_lamp_gets_no_ring() -> None:
    """A lamp of 3 x 4 pixels, and a rendering that is slightly blurred."""
    y, x = np.mgrid[:_SIDE, :_SIDE] - (_SIDE - 1) / 2
    radius = np.hypot(y / 1.5, x / 2)
    level = 0.12 + 0.9 * np.clip(1.7 - radius, 0, 1) + 0.1 * np.exp(-radius / 3)
    pixels = np.clip(level, 0, 1)[..., None] * np.array([1.0, 0.95, 0.85])
    pixels[radius < 1] = 1.0
    photo = Photo(pixels.astype(np.float32))
    rendering = _rendered(photo, "none")
    for axis in (0, 1):
        rendering = (np.roll(rendering, -1, axis) + rendering + np.roll(rendering, 1, axis)) / np.float32(3)
    _, residual = to_network(photo)
    plain = Options(texture=0, local_exposure=0, color_smoothing=0)
    result = finished(rendering, residual, plain).pixels
    without = from_network(rendering, residual, protect_highlights=True).pixels
    np.testing.assert_allclose(result, without, atol=3 / 255)


def test_away_from_lamps_and_with_no_ring_the_rendering_stays() -> None:
    photo = _lamp()
    _, residual = to_network(photo)
    rendering = _rendered(photo, "none")
    plain = Options(texture=0, local_exposure=0, color_smoothing=0)
    with_lamps = finished(rendering, residual, plain).pixels
    without = finished(rendering, residual, plain.with_changes(protect_highlights=False)).pixels
    far = _radius() > 40
    np.testing.assert_allclose(with_lamps[far], without[far], atol=1 / 255)


def test_the_color_of_a_sodium_lamp_and_its_core_stay() -> None:
    photo = _lamp(color=(1.0, 0.6, 0.15))
    _, residual = to_network(photo)
    result = finished(_rendered(photo, "gray"), residual, Options()).pixels
    glow = (_radius() > 8) & (_radius() < 14)
    assert result[_radius() < 4].min() > 0.98
    ratio = result[glow].mean(axis=0) / result[glow].mean()
    wanted = _rendered(photo, "none")[glow].mean(axis=0)
    np.testing.assert_allclose(ratio, wanted / wanted.mean(), atol=0.12)


@pytest.mark.parametrize("brightness", [0.85, 0.925, 0.975, 1.0, 1.05, 1.2])
def test_a_sky_behind_distant_lamps_stays_and_they_get_no_rings(brightness: float) -> None:
    """In the rendering the sky is brighter than the glow of a lamp on a hill, in the photo it is darker."""
    y, _ = np.mgrid[:_SIDE, :_SIDE]
    radius = _radius()
    surface = brightness * np.where(y < 75, 0.22, 0.15)
    bright = np.where(y < 75, 0.70, 0.25)
    glow = np.exp(-((radius / 3.0) ** 2))
    level = np.maximum(surface, np.where(radius < 2.5, 1.0, 0.6 * glow + surface * (1 - glow)))
    shown = np.maximum(bright, np.where(radius < 2.5, 1.0, 0.5 * glow + bright * (1 - glow)))
    photo = Photo(level[..., None].repeat(3, axis=2).astype(np.float32))
    rendering = shown[..., None].repeat(3, axis=2).astype(np.float32)
    plain = Options(texture=0, local_exposure=0, color_smoothing=0)
    _, residual = to_network(photo)
    result = finished(rendering, residual, plain).pixels
    without = finished(rendering, residual, plain.with_changes(protect_highlights=False)).pixels
    # Without the rows of the horizon.
    for area, tolerance in (((y < 70) | (y > 80)) & (radius > 6), 0.5), ((y > 80) & (radius <= 6), 4.0):
        np.testing.assert_allclose(result[area], without[area], atol=tolerance / 255)
