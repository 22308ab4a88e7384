"""What the network is shown, and that what it is not shown comes back."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.color.highlights import expose, protect
from llflow_photo.color.noise_level import NoiseLevel, trusted
from llflow_photo.color.spaces import (
    DISPLAY_P3,
    LINEAR_SRGB,
    REC2020_LINEAR,
    SPACES,
    SRGB,
    ColorSpace,
    convert,
    decode,
    encode,
)
from llflow_photo.color.working import from_network, to_network
from llflow_photo.errors import ImageInputError
from llflow_photo.photo import Photo


def _smooth(height: int = 40, width: int = 56) -> np.ndarray:
    """Dark, linear sRGB, H x W x 3 in [0, 0.2]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([0.02 + 0.15 * x / width, 0.03 + 0.1 * y / height, np.full_like(x, 0.05)], axis=-1)


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_round_trip_changes_nothing_beyond_rounding(space: ColorSpace, bits: int, strength: float) -> None:
    """At strength 0, and at strength 1 where the network gives back what it was shown."""
    pixels = np.random.default_rng(bits).uniform(0, 1, (31, 45, 3)).astype(np.float32)
    if bits == 32:
        pixels = pixels * 3 - 0.5
    else:
        pixels = np.rint(pixels * (2**bits - 1)).astype(np.float32) / np.float32(2**bits - 1)
    photo = Photo(pixels, space, bits)
    view, residual = to_network(photo)
    assert view.min() >= 0 and view.max() <= 1
    result = from_network(view, residual, strength=strength)
    assert result.color_space == space
    if strength == 0.0:
        np.testing.assert_array_equal(result.pixels, pixels)
    else:
        # In linear light: curves without a toe magnify float32 rounding at black.
        error = decode(result.pixels, space.transfer) - decode(pixels, space.transfer)
        assert np.abs(error).max() < (2e-5 if bits == 32 else 1e-6)


def test_a_saturated_flower_stays_saturated() -> None:
    """Display P3 red lifted two stops by a network that sees sRGB: its chromaticity is that of P3."""
    linear = np.full((16, 16, 3), 0.02, np.float32)
    linear[4:12, 4:12] = (0.2, 0.0, 0.0)
    photo = Photo(encode(linear, "srgb"), DISPLAY_P3, 16)
    view, residual = to_network(photo)
    brighter = encode(np.clip(decode(view, "srgb") * 4, 0, 1), "srgb")
    result = decode(from_network(brighter, residual).pixels, "srgb")
    ratio = result[8, 8, 1:] / result[8, 8, 0]
    assert result[8, 8, 0] > 0.75
    assert np.abs(ratio).max() < 0.01
    # Without what was carried around, the same rendering is only as red as sRGB can be.
    plain = decode(convert(brighter, SRGB, DISPLAY_P3), "srgb")
    assert (plain[8, 8, 1:] / plain[8, 8, 0]).max() > 0.03


def test_a_lamp_keeps_its_color_and_its_core() -> None:
    lamp = np.array([4.0, 1.6, 0.3], np.float32)
    linear = np.full((32, 32, 3), 0.01, np.float32)
    linear[12:20, 12:20] = lamp
    photo = Photo(linear, LINEAR_SRGB, 32)
    view, residual = to_network(photo)
    washed = np.clip(view * 3, 0, 1)
    washed[12:20, 12:20] = 0.93
    kept = from_network(washed, residual).pixels
    np.testing.assert_allclose(kept[16, 16], lamp, rtol=1e-3)
    lost = from_network(washed, residual, protect_highlights=False).pixels
    assert np.abs(lost[16, 16] / lost[16, 16].max() - lamp / lamp.max()).max() > 0.05


def test_the_glow_of_a_lamp_on_a_wall_ends_in_no_ring() -> None:
    """From the core of a lamp outwards, photo and rendering, whose glow is brighter and paler."""
    photo = [
        (253, 255, 211),
        (255, 242, 159),
        (243, 198, 125),
        (204, 161, 104),
        (172, 137, 92),
        (152, 122, 84),
    ]
    shown = [
        (255, 255, 250),
        (255, 255, 231),
        (255, 255, 213),
        (255, 251, 201),
        (253, 245, 195),
        (247, 240, 192),
    ]
    view, rendered = (decode(np.array([rows], np.float32) / 255, "srgb") for rows in (photo, shown))
    result = encode(protect(rendered, view, 1.0), "srgb")[0] * 255
    assert np.diff(result @ [0.2126, 0.7152, 0.0722]).max() < 0.5
    assert np.diff(result, axis=0).max() < 10  # with the chromaticity of the photo alone 24: an orange ring


def test_protection_is_smooth_and_monotone() -> None:
    """A ramp to white that the network washes out keeps rising, without a step."""
    ramp = np.repeat(np.linspace(0, 1, 512, dtype=np.float32)[None, :, None], 3, axis=2).repeat(8, axis=0)
    photo = Photo(ramp, SRGB, 32)
    view, residual = to_network(photo)
    washed = np.clip(view * 2.5, 0, 1)
    row = from_network(washed, residual).pixels[4, :, 1]
    assert (np.diff(row) > -1e-4).all()
    assert np.diff(row).max() < 3 * np.diff(washed[4, :, 1]).max()
    # A rendering that ends white at 0.4 of the ramp leaves room: 0.5 and 1 are told apart.
    assert row[511] - row[256] > 0.05
    np.testing.assert_allclose(row[511], 1.0, atol=1e-4)


def test_a_photo_without_lamps_is_not_dimmed() -> None:
    photo = Photo(encode(_smooth(), "srgb"), SRGB, 8)
    view, residual = to_network(photo)
    assert residual.highlight == 0.0
    bright = np.clip(view * 2.2, 0, 1)
    np.testing.assert_allclose(from_network(bright, residual).pixels, bright, atol=2e-3)


def test_noise_outside_the_gamut_is_not_lifted() -> None:
    """Linear camera noise goes below zero; sixteen-fold gain must not bring it back."""
    generator = np.random.default_rng(3)
    linear = (0.004 + generator.normal(0, 0.004, (96, 96, 3))).astype(np.float32)
    photo = Photo(linear, REC2020_LINEAR, 16)
    _, residual = to_network(photo)
    flat = np.full(linear.shape, encode(np.float32(0.064), "srgb"), np.float32)
    result = convert(from_network(flat, residual).pixels, REC2020_LINEAR, LINEAR_SRGB)
    assert result.std() < 0.2 * 16 * 0.004
    assert np.median(np.abs(result - 0.064)) < 1e-3


def test_strength_blends_encoded_values() -> None:
    photo = Photo(encode(_smooth(), "srgb"), SRGB, 8)
    view, residual = to_network(photo)
    bright = np.clip(view * 2, 0, 1)
    half = from_network(bright, residual, strength=0.5, protect_highlights=False)
    np.testing.assert_allclose(half.pixels, (view + bright) / 2, atol=1e-3)


@pytest.mark.parametrize("ev", [-2.0, -0.5, 0.5, 1.0, 3.0])
def test_exposure_in_linear_light(ev: float) -> None:
    ramp = np.repeat(np.linspace(0, 1.5, 901, dtype=np.float32)[None, :, None], 3, axis=2)
    plain = expose(ramp, ev, keep_white=False)
    np.testing.assert_allclose(plain, ramp * 2**ev, rtol=1e-5)
    kept = expose(ramp, ev, keep_white=True)[0, :, 0]
    assert (np.diff(kept) > 0).all()
    np.testing.assert_allclose(kept[600:], ramp[0, 600:, 0], rtol=1e-5)
    np.testing.assert_allclose(kept[30] / ramp[0, 30, 0], 2**ev, rtol=0.01)


def test_exposure_of_a_rendering() -> None:
    photo = Photo(encode(_smooth(), "srgb"), SRGB, 8)
    view, residual = to_network(photo)
    stop = from_network(view, residual, exposure_ev=1.0)
    np.testing.assert_allclose(decode(stop.pixels, "srgb"), 2 * _smooth(), rtol=5e-3)


def test_denoise_only_keeps_brightness_and_takes_the_noise_away() -> None:
    generator = np.random.default_rng(5)
    clean = encode(_smooth(96, 96), "srgb")
    clean[30:60, 30:60] = 0.6
    noisy = np.clip(clean + generator.normal(0, 0.03, clean.shape), 0, 1).astype(np.float32)
    _, residual = to_network(Photo(noisy, SRGB, 8))
    rendering = np.clip(clean**0.5, 0, 1)
    result = from_network(rendering, residual, denoise_only=True).pixels
    assert abs(result.mean() - noisy.mean()) < 0.004
    assert np.abs(result - clean).std() < 0.35 * 0.03
    # The square's edge is where it was.
    assert abs(result[45, 40, 1] - 0.6) < 0.02 and abs(result[45, 20, 1] - clean[45, 20, 1]) < 0.02


def test_blocks_of_rows_leave_no_trace() -> None:
    """Tall enough for several blocks; the same picture cut by hand gives the same rows."""
    generator = np.random.default_rng(0)
    pixels = generator.uniform(0, 0.3, (1200, 900, 3)).astype(np.float32)
    _, residual = to_network(Photo(pixels, SRGB, 8))
    rendering = np.clip(pixels**0.6, 0, 1)
    whole = from_network(rendering, residual, denoise_only=True).pixels
    part = residual.crop(200, 0, 400, 900)
    cut = from_network(rendering[200:600], part, denoise_only=True).pixels
    np.testing.assert_allclose(cut[32:-32], whole[232:568], atol=1e-5)


@pytest.mark.parametrize("beyond", [None, (0, -0.1), (299, 1.1)])
def test_the_view_is_the_photo_if_it_is_srgb_in_range(beyond: tuple[int, float] | None) -> None:
    pixels = np.random.default_rng(0).uniform(0, 1, (300, 2000, 3)).astype(np.float32)
    if beyond is not None:
        pixels[beyond[0], 5, 1] = beyond[1]
    before = pixels.copy()
    view, _ = to_network(Photo(pixels, SRGB, 16))
    assert (view is pixels) == (beyond is None)
    np.testing.assert_array_equal(view, np.clip(before, 0, 1))
    np.testing.assert_array_equal(pixels, before)
    other, _ = to_network(Photo(pixels, DISPLAY_P3, 16))
    assert other is not pixels


def test_noise_level_of_known_noise() -> None:
    generator = np.random.default_rng(0)
    view = np.clip(0.5 + generator.normal(0, 0.02, (256, 256, 3)), 0, 1).astype(np.float32)
    linear = decode(view, "srgb")
    expected = linear[..., 0].std()
    # The largest of three channels is taken: a cautious estimate.
    estimate = NoiseLevel.of_photo(Photo(view)).at(np.float32(linear.mean()))
    assert expected < estimate < 2.5 * expected
    assert NoiseLevel.of_photo(Photo(np.full((64, 64, 3), 0.5, np.float32))).sigma == (0.0,) * 24


def test_wrong_shapes_and_values_are_named() -> None:
    photo = Photo(np.zeros((8, 8, 3), np.float32))
    _, residual = to_network(photo)
    with pytest.raises(ImageInputError, match="rendering"):
        from_network(np.zeros((8, 9, 3), np.float32), residual)
    with pytest.raises(ImageInputError, match="not finite"):
        to_network(Photo(np.full((8, 8, 3), np.nan, np.float32)))
    with pytest.raises(ImageInputError, match="H x W x 3"):
        to_network(Photo(np.zeros((8, 8), np.float32)))


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
@pytest.mark.parametrize("protect_highlights", [True, False])
def test_pixels_taken_as_they_are_are_those_that_the_formula_leaves(
    space: ColorSpace, protect_highlights: bool
) -> None:
    """An exposure too small to tell takes every pixel through the formula."""
    random = np.random.default_rng(3)
    linear = (random.uniform(-0.02, 1, (60, 80, 3)) ** 3 * 1.5).astype(np.float32)
    photo = Photo(convert(linear, LINEAR_SRGB, space), space)
    _, residual = to_network(photo)
    rendering = random.uniform(-0.1, 1.1, linear.shape).astype(np.float32)
    quick, thorough = (
        from_network(rendering, residual, protect_highlights=protect_highlights, exposure_ev=exposure_ev)
        for exposure_ev in (0.0, 1e-9)
    )
    difference = decode(quick.pixels, space.transfer) - decode(thorough.pixels, space.transfer)
    assert np.abs(difference).max() < 5e-6


def test_noise_outside_the_gamut_leaves_no_specks() -> None:
    """Of a photo's pixels, some exceed three standard deviations; a gain would make each of them a speck."""
    noise = NoiseLevel((0.002,) * 24)
    sigmas = np.array([2.0, 3.0, 4.0, 8.0, 20.0], np.float32)
    residual = -0.002 * sigmas[None, :, None] * np.array([1.0, 0.0, 0.0], np.float32)
    level, gain = np.full((1, 5), 0.01, np.float32), np.full((1, 5), 16.0, np.float32)
    np.testing.assert_allclose(trusted(residual, level, gain, noise)[0], [0, 0, 0, 1, 1], atol=1e-3)
    np.testing.assert_array_equal(trusted(residual, level, np.ones_like(gain), noise), 1.0)
