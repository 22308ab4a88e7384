"""Previews and full size agree, also where the model brings photos to a common exposure first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from llflow_photo.color.spaces import SRGB
from llflow_photo.color.working import to_network
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.explore import WholePhoto, encode_region
from llflow_photo.explore.fullsize import render_full_size
from llflow_photo.explore.region import visible_region
from llflow_photo.flow import LLFlow, Size
from llflow_photo.flow.exposure import FEATURES
from llflow_photo.options import Options
from llflow_photo.photo import Photo

_TINY = Size(features=8, growth=4, blocks=2, stacked=(0,), steps=2, hidden=8)
_RULE = (  # nearly linear: -0.06 of each feature, and half a stop
    *np.zeros(FEATURES), *np.ones(FEATURES), *np.full(FEATURES - 1, -6e-5), 0.0, 0.0, 1e3, 0.5,
)  # fmt: skip


@pytest.fixture(scope="module")
def photo() -> Photo:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:240, 0:320] / 320
    pixels = np.stack([0.05 + 0.1 * x, 0.04 + 0.1 * y, 0.1 - 0.05 * x], -1)
    pixels[:, :40] *= 0.3  # the visible part alone would ask for another exposure
    pixels += rng.normal(0, 0.01, pixels.shape)
    return Photo(np.clip(pixels, 0, 1).astype(np.float32), SRGB, 8)


@pytest.fixture(scope="module", params=[(), _RULE], ids=["as it is", "common exposure"])
def enhancer(request: pytest.FixtureRequest) -> Enhancer:
    torch.manual_seed(0)
    return Enhancer(LLFlow(replace(_TINY, exposure=request.param)).eval(), device="cpu", backend="float32")


def test_a_part_is_rendered_as_in_the_whole(enhancer: Enhancer, photo: Photo) -> None:
    options, latent = Options(), Latent(4, 0.5, 0.5)
    whole = WholePhoto.of(photo, enhancer)
    asked = enhancer.photo_statistics(to_network(photo)[0])
    assert whole.statistics.gain_ev == pytest.approx(asked.gain_ev, abs=0.01)
    full = np.clip(render_full_size(photo, [latent], options, enhancer).pixels, 0, 1)
    region = visible_region((240, 320), ((0.0, 0.0), (120.0, 100.0)), context=96)
    part = encode_region(enhancer, photo, region, whole).render(latent, options)
    seen = np.abs(part[:120, :100] - full[:120, :100])
    assert seen.mean() < 2e-3


def test_a_small_preview_is_as_bright_as_the_full_size(enhancer: Enhancer, photo: Photo) -> None:
    options, latent = Options(), Latent()
    full = np.clip(render_full_size(photo, [latent], options, enhancer).pixels, 0, 1)
    region = visible_region((240, 320), ((0.0, 0.0), (240.0, 320.0)), 0.5)
    small = encode_region(enhancer, photo, region).render(latent, options)
    assert small.mean() == pytest.approx(full.mean(), rel=0.05)


def test_the_rule_makes_a_dark_photo_brighter_for_the_network(photo: Photo) -> None:
    torch.manual_seed(0)
    enhancer = Enhancer(LLFlow(replace(_TINY, exposure=_RULE)).eval(), device="cpu")
    assert WholePhoto.of(photo, enhancer).statistics.gain_ev > 1
