"""Previews and full size agree, also for models with a whole-photo branch."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.color.spaces import SRGB
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.errors import ImageInputError
from llflow_photo.explore import WholePhoto, encode_region
from llflow_photo.explore.fullsize import render_full_size
from llflow_photo.explore.region import visible_region
from llflow_photo.options import Options
from llflow_photo.photo import Photo
from llflow_photo.series import FrameSummary

EVERYTHING = ((-1e6, -1e6), (1e6, 1e6))


@pytest.fixture(scope="module")
def photo() -> Photo:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:240, 0:320] / 320
    pixels = np.stack([0.05 + 0.1 * x, 0.04 + 0.1 * y, 0.1 - 0.05 * x], -1)
    pixels[:, :40] *= 0.3  # the visible part alone would ask for another exposure
    pixels += rng.normal(0, 0.01, pixels.shape)
    return Photo(np.clip(pixels, 0, 1).astype(np.float32), SRGB, 8)


@pytest.mark.parametrize("latent", [Latent(4, 0.5, 0.5), Latent(4, 0.8, 0.0, -0.4)], ids=["grain", "look"])
def test_a_part_is_rendered_as_in_the_whole(enhancer: Enhancer, photo: Photo, latent: Latent) -> None:
    options = Options()
    whole = WholePhoto.of(photo, enhancer)
    full = np.clip(render_full_size(photo, [latent], options, enhancer).pixels, 0, 1)
    region = visible_region((240, 320), ((0.0, 0.0), (120.0, 100.0)), context=96)
    part = encode_region(enhancer, photo, region, whole).render(latent, options)
    guess = np.clip(render_full_size(photo, [Latent()], options, enhancer).pixels, 0, 1)
    assert np.abs(full - guess).max() > 4 / 255
    seen = np.abs(part[:120, :100] - full[:120, :100])
    assert seen.max() < 1 / 255


def test_the_whole_photo_is_evaluated_once_for_all_its_parts(
    enhancer: Enhancer, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, other = (WholePhoto.of(one, enhancer) for one in (photo, photo.with_pixels(photo.pixels * 0.5)))
    asked: list[object] = []
    network = enhancer._runner._net
    evaluate = network.photo
    monkeypatch.setattr(network, "photo", lambda known: (asked.append(known), evaluate(known))[1])
    region = visible_region((240, 320), ((0.0, 0.0), (120.0, 100.0)))
    for statistics in (whole, whole, other, whole):
        encode_region(enhancer, photo, region, statistics).render(Latent(4, 0.8), Options())
    assert [one is whole.statistics for one in asked] == [True, False, True]


def test_the_first_change_of_a_prepared_region_encodes_nothing(
    enhancer: Enhancer, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    region = visible_region((240, 320), EVERYTHING)
    prepared = encode_region(enhancer, photo, region, WholePhoto.of(photo, enhancer)).photo
    expected = prepared.decode_many([Latent(), Latent(brightness=-0.3)])[1]
    encoded = encode_region(enhancer, photo, region, WholePhoto.of(photo, enhancer)).photo
    encoded.decode(Latent())
    encoded.prepare_changes()
    network = enhancer._runner._net
    monkeypatch.setattr(network, "condition", lambda *_given: pytest.fail("the photo is encoded again"))
    np.testing.assert_allclose(encoded.decode(Latent(brightness=-0.3)), expected, atol=1e-6)


def test_hot_pixels_have_no_influence_on_previews_and_series(enhancer: Enhancer, photo: Photo) -> None:
    hot = photo.with_pixels(photo.pixels.copy())
    hot.pixels[10:-10:20, 10:-10:20, 0] = 1.0
    clean, found = WholePhoto.of(photo, enhancer), WholePhoto.of(hot, enhancer)
    kept = WholePhoto.of(hot, enhancer, Options(remove_specks=False))
    assert clean.highlight == found.highlight == 0.0 and kept.highlight > 0.9
    assert FrameSummary.of(hot).highlight == 0.0


def test_a_small_preview_is_as_bright_as_the_full_size(enhancer: Enhancer, photo: Photo) -> None:
    options, latent = Options(), Latent()
    full = np.clip(render_full_size(photo, [latent], options, enhancer).pixels, 0, 1)
    region = visible_region((240, 320), ((0.0, 0.0), (240.0, 320.0)), 0.5)
    small = encode_region(enhancer, photo, region).render(latent, options)
    assert small.mean() == pytest.approx(full.mean(), rel=0.05)


def test_a_photo_without_finite_pixels_is_refused(photo: Photo, enhancer: Enhancer) -> None:
    with pytest.raises(ImageInputError, match="not finite"):
        WholePhoto.of(photo.with_pixels(np.full_like(photo.pixels, np.nan)), enhancer)
