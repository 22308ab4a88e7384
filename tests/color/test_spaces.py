"""Color spaces against published numbers, and conversions there and back."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.color.spaces import (
    ADOBE_RGB,
    DISPLAY_P3,
    LINEAR_SRGB,
    PROPHOTO,
    REC2020_LINEAR,
    SPACES,
    SRGB,
    ColorSpace,
    by_name,
    conversion_matrix,
    convert,
    decode,
    encode,
    luminance_weights,
    xyz_matrix,
)
from llflow_photo.errors import OptionError


def test_srgb_matrix_is_that_of_the_standard() -> None:
    # IEC 61966-2-1.
    published = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    np.testing.assert_allclose(xyz_matrix(SRGB), published, atol=2e-4)


def test_luminance_weights_of_rec2020() -> None:
    np.testing.assert_allclose(luminance_weights(REC2020_LINEAR), [0.2627, 0.6780, 0.0593], atol=1e-4)


def test_srgb_red_in_display_p3() -> None:
    # color(srgb 1 0 0) in CSS Color 4's sample conversions.
    red = convert(np.array([[[1.0, 0.0, 0.0]]], np.float32), SRGB, DISPLAY_P3)
    np.testing.assert_allclose(red[0, 0], [0.9175, 0.2003, 0.1386], atol=1e-4)


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
def test_white_stays_white(space: ColorSpace) -> None:
    white = convert(np.ones((1, 1, 3), np.float32), space, SRGB)
    np.testing.assert_allclose(white, 1.0, atol=1e-5)


@pytest.mark.parametrize("source", SPACES.values(), ids=lambda space: space.name)
@pytest.mark.parametrize("target", SPACES.values(), ids=lambda space: space.name)
def test_there_and_back_keeps_what_is_outside(source: ColorSpace, target: ColorSpace) -> None:
    pixels = np.random.default_rng(0).uniform(-0.2, 3.0, (17, 23, 3)).astype(np.float32)
    there = convert(pixels, source, target)
    back = convert(there, target, source)
    # In linear light, float32 rounding at values up to 3 ** 2.4.
    error = np.abs(decode(back, source.transfer) - decode(pixels, source.transfer)).max()
    assert error < 2e-5


def test_saturated_green_leaves_srgb() -> None:
    green = convert(np.array([[[0.0, 1.0, 0.0]]], np.float32), DISPLAY_P3, LINEAR_SRGB)[0, 0]
    assert green[0] < -0.2 and green[1] > 1.0


@pytest.mark.parametrize("transfer", ["srgb", "linear", "gamma:2.2", ADOBE_RGB.transfer, PROPHOTO.transfer])
def test_curves_are_inverse_and_odd(transfer: str) -> None:
    x = np.linspace(-2, 2, 4001, dtype=np.float32)
    np.testing.assert_allclose(decode(encode(x, transfer), transfer), x, atol=2e-6)
    np.testing.assert_allclose(encode(-x, transfer), -encode(x, transfer))


def test_srgb_curve_at_published_points() -> None:
    np.testing.assert_allclose(decode(np.array([0.5, 0.04045]), "srgb"), [0.2140411, 0.0031308], rtol=1e-4)


def test_convert_in_place_and_in_blocks_agree() -> None:
    pixels = np.random.default_rng(1).uniform(0, 1, (700, 900, 3)).astype(np.float32)
    rowwise = np.concatenate([convert(pixels[row : row + 1], PROPHOTO, SRGB) for row in range(0, 700, 100)])
    out = convert(pixels, PROPHOTO, SRGB)
    np.testing.assert_array_equal(out[::100], rowwise)
    assert convert(pixels, PROPHOTO, SRGB, out=pixels) is pixels
    np.testing.assert_array_equal(pixels, out)


def test_conversion_adapts_white_by_bradford() -> None:
    # Bruce Lindbloom's ProPhoto and sRGB matrices, chained through his Bradford D50 to D65.
    to_srgb = conversion_matrix(PROPHOTO, SRGB)
    published = [[2.0341926, -0.7274198, -0.3067655], [-0.2288108, 1.2317292, -0.0029216],
                 [-0.0085649, -0.1532726, 1.1618390]]  # fmt: skip
    np.testing.assert_allclose(to_srgb, published, atol=2e-3)


def test_names() -> None:
    assert by_name("Display P3") is DISPLAY_P3
    assert by_name("ADOBE_RGB") is ADOBE_RGB
    with pytest.raises(OptionError, match="cmyk"):
        by_name("cmyk")
