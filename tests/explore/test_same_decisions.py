"""What is decided for a whole photo is the same for previews, regions and full size, in any color space."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.color.spaces import DISPLAY_P3, REC2020_LINEAR, SRGB, ColorSpace, convert, decode
from llflow_photo.color.working import to_network
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.errors import ImageInputError
from llflow_photo.explore import WholePhoto, encode_region
from llflow_photo.explore.fullsize import render_full_size
from llflow_photo.explore.region import visible_region
from llflow_photo.options import Options
from llflow_photo.photo import Photo
from llflow_photo.prepared import prepare

_SPACES = (SRGB, DISPLAY_P3, REC2020_LINEAR)
_PLAIN = Options(texture=0.0, color_smoothing=0.0, remove_specks=False)


def _town(height: int, width: int, space: ColorSpace = SRGB) -> Photo:
    """Lamps of one to three pixels in a dark town; most of them are in odd rows and columns."""
    random = np.random.default_rng(height)
    pixels = np.clip(random.normal(0.03, 0.01, (height, width, 3)), 0, 1).astype(np.float32)
    for _ in range(height * width // 2000):
        y, x = 2 * random.integers(0, height // 2 - 1) + 1, 2 * random.integers(0, width // 2 - 1) + 1
        size = random.integers(1, 4)
        pixels[y : y + size : 2, x : x + size : 2] = random.uniform(0.5, 1.5, 3)
    return Photo(convert(pixels, SRGB, space), space, 16)


@pytest.mark.parametrize("space", _SPACES, ids=lambda space: space.name)
@pytest.mark.parametrize("shape", [(1203, 1003), (2501, 1607), (90, 20_001)])
def test_statistics_of_previews_are_those_of_all_pixels(
    enhancer: Enhancer, shape: tuple[int, int], space: ColorSpace
) -> None:
    photo = _town(*shape, space)
    whole = WholePhoto.of(photo, enhancer, _PLAIN)
    view, residual = to_network(photo)
    full = enhancer.photo_statistics(view)
    assert whole.highlight == pytest.approx(residual.highlight, abs=1e-6)
    assert whole.noise == residual.noise
    assert whole.statistics.small.shape == full.small.shape
    np.testing.assert_allclose(whole.statistics.small, full.small, atol=2e-6)
    if full.thumbnail is not None and whole.statistics.thumbnail is not None:
        light = decode(view, "srgb").astype(float).mean((0, 1))
        np.testing.assert_allclose(full.thumbnail.mean((1, 2)), light, rtol=0.02)
        np.testing.assert_allclose(whole.statistics.thumbnail, full.thumbnail, atol=2e-6)
    else:
        np.testing.assert_allclose(whole.statistics.equalization, full.equalization, atol=1.01 / 255)


@pytest.mark.parametrize("space", _SPACES, ids=lambda space: space.name)
def test_a_region_of_a_town_is_that_of_the_full_size(enhancer: Enhancer, space: ColorSpace) -> None:
    photo = _town(901, 1303, space)
    region = visible_region((901, 1303), ((320.0, 480.0), (400.0, 600.0)), context=112)
    part = encode_region(enhancer, photo, region, options=_PLAIN).render(Latent(brightness=0.3), _PLAIN)
    full = render_full_size(photo, [Latent(brightness=0.3)], _PLAIN, enhancer)
    expected = np.clip(convert(full.pixels, full.color_space, SRGB), 0, 1)
    top, left = 320 - region.rows[0], 480 - region.cols[0]
    seen = part[top : top + 80, left : left + 120] - expected[320:400, 480:600]
    assert np.abs(seen).max() < 1 / 255


def test_noise_outside_the_gamut_is_that_of_the_whole_photo(enhancer: Enhancer) -> None:
    """The region is calm, the rest of the photo is noisy; out of gamut, both are blue."""
    random = np.random.default_rng(2)
    pixels = np.full((400, 480, 3), 0.004, np.float32) * np.float32([0.2, 0.5, 3.0])
    amount = np.full((400, 480, 1), 2e-3)
    amount[160:272, 160:272] = 2e-4
    pixels += (random.normal(0, 1, pixels.shape) * amount).astype(np.float32)
    photo = Photo(np.clip(pixels, 0, None), REC2020_LINEAR, 16)
    region = visible_region((400, 480), ((160.0, 160.0), (272.0, 272.0)))
    whole = WholePhoto.of(photo, enhancer, _PLAIN)
    part = encode_region(enhancer, photo, region, whole, options=_PLAIN).prepared
    assert part.residual.noise == prepare(photo, enhancer, _PLAIN).residual.noise == whole.noise
    own = to_network(photo.with_pixels(photo.pixels[160:272, 160:272]))[1].noise
    assert max(own.sigma) < 0.5 * max(part.residual.noise.sigma)
    half = visible_region((400, 480), ((0.0, 0.0), (400.0, 480.0)), 0.5)
    scaled = encode_region(enhancer, photo, half, whole, options=_PLAIN).prepared.residual.noise
    assert max(scaled.sigma) < 0.8 * max(part.residual.noise.sigma)


@pytest.mark.parametrize("remove_specks", [True, False])
@pytest.mark.parametrize("space", _SPACES, ids=lambda space: space.name)
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_single_pixel_that_is_not_finite_is_refused(
    enhancer: Enhancer, value: float, space: ColorSpace, remove_specks: bool
) -> None:
    photo = _town(40, 60, space)
    photo.pixels[21, 33, 1] = value
    options = Options(remove_specks=remove_specks)
    with pytest.raises(ImageInputError, match="not finite"):
        prepare(photo, enhancer, options)
    with pytest.raises(ImageInputError, match="not finite"):
        WholePhoto.of(photo, enhancer, options)
