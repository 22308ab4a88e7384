"""Fast conversions and the statistics made with them."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.color.fast_curves import encoded_light, linear_light, linear_srgb
from llflow_photo.color.highlight_weight import HighlightWeight
from llflow_photo.color.spaces import LINEAR_SRGB, SPACES, SRGB, ColorSpace, convert, decode, encode
from llflow_photo.color.view_rows import view_rows
from llflow_photo.color.working import to_network
from llflow_photo.photo import Photo


def test_fast_curves_are_those_of_srgb() -> None:
    values = np.concatenate([np.linspace(0, 4, 400_001), np.geomspace(1e-7, 0.1, 1001)]).astype(np.float32)
    values = np.concatenate([values, -values])
    np.testing.assert_allclose(linear_light(values), decode(values, "srgb"), rtol=2e-6, atol=0)
    np.testing.assert_allclose(encoded_light(values), encode(values, "srgb"), rtol=2e-6, atol=0)


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
@pytest.mark.parametrize("least", [0.0, -0.1])
def test_rows_of_a_view_are_those_that_the_network_is_shown(space: ColorSpace, least: float) -> None:
    pixels = np.random.default_rng(1).uniform(least, 1.2, (300, 200, 3)).astype(np.float32)
    photo, slow = Photo(pixels, space), convert(pixels, space, LINEAR_SRGB)
    np.testing.assert_allclose(linear_srgb(pixels, space), slow, rtol=1e-5, atol=1e-6)
    shown = np.clip(convert(pixels, space, SRGB), 0, 1)
    np.testing.assert_allclose(to_network(photo)[0], shown, atol=2e-6)
    for rows, encoded, linear in view_rows(photo):
        np.testing.assert_allclose(encoded, shown[rows], atol=2e-6)
        if linear is not None:
            np.testing.assert_allclose(linear, np.clip(slow, 0, 1)[rows], atol=2e-6)


@pytest.mark.parametrize(("level", "weight"), [(0.5, 0.0), (0.6, 0.0), (0.775, 0.5), (0.96, 1.0), (1.0, 1.0)])
def test_the_weight_of_highlights_is_that_of_the_brightest_thousandth(level: float, weight: float) -> None:
    view = np.full((100, 200, 3), 0.1, np.float32)
    view[40, :20, 2] = level
    gathered, few = HighlightWeight(), HighlightWeight()
    for rows in np.array_split(view, 7):
        gathered.add(rows)
    assert gathered.value() == pytest.approx(weight, abs=0.01)
    few.add(np.where(np.arange(200)[:, None] < 19, view, np.float32(0.1)))  # one pixel less
    assert few.value() == 0.0
