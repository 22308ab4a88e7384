"""Latent bounds keep the inverse stable."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from engine_helpers import dark_photo, random_flow

from llflow_photo import models
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.engine.guard import latent_bounds
from llflow_photo.engine.latent_window import LatentWindow
from llflow_photo.flow import LLFlow
from llflow_photo.options import DEFAULT_MODEL


@pytest.fixture(scope="module")
def flow() -> LLFlow:
    return models.load(DEFAULT_MODEL).flow


def lamps(height: int = 160, width: int = 208) -> np.ndarray:
    """Many small saturated lights, as a city seen from afar: what makes an unguarded inverse blow up."""
    photo = dark_photo(height, width)
    rng = np.random.default_rng(0)
    for _ in range(150):
        y, x, color = rng.integers(0, height - 4), rng.integers(0, width - 4), rng.uniform(0, 1, 3)
        photo[y : y + 3, x : x + 3] = color / color.max()
    return photo


def test_bounds_do_not_change_ordinary_renderings(flow: LLFlow) -> None:
    photo = dark_photo(120, 160)
    image = torch.from_numpy(photo).permute(2, 0, 1)[None]
    encoded = Enhancer(flow, backend="float32").encode(photo)
    latent = Latent(2, 0.5, 1.0)
    with torch.inference_mode():
        conditioning = flow.encode(image)
        offset, _ = encoded._runner.offsets.block(latent, LatentWindow.whole(15, 20))
        assert offset is not None
        exact = (
            flow.decode(conditioning, conditioning.mean + torch.from_numpy(offset))[0]
            .permute(1, 2, 0)
            .numpy()
        )
    difference = np.abs(encoded.decode(latent) - exact.clip(0, 1))
    assert np.quantile(difference, 0.999) < 1e-4
    assert difference.max() < 0.05


@pytest.mark.parametrize(("temperature", "clipped"), [(0.8, 0.02), (1.0, 0.03), (1.5, 0.15)])
def test_high_temperatures_do_not_fill_the_image_with_noise(
    flow: LLFlow, temperature: float, clipped: float
) -> None:
    """It may change brightness and color of regions. Without bounds 0.22 of the values are clipped at 1.5."""
    encoded = Enhancer(flow, backend="float32").encode(lamps())
    mean, sample = encoded.decode(Latent()), encoded.decode(Latent(3, temperature, 1.0))
    assert _clipped(sample) < _clipped(mean) + clipped
    blocks = (sample - mean).reshape(10, 16, 13, 16, 3)
    assert np.abs(blocks - blocks.mean((1, 3), keepdims=True)).mean() < 0.1


def _clipped(picture: np.ndarray) -> float:
    return float(((picture <= 0) | (picture >= 1)).mean())


def test_bounds_are_finite_positive_and_shaped_for_every_step(flow: LLFlow) -> None:
    bounds = latent_bounds(flow)
    assert bounds is not None
    assert [len(level) for level in bounds] == list(flow.size.steps)
    for number, level in enumerate(bounds, 1):
        for bound in level:
            assert bound.usual.shape == bound.far.shape == (1, 3 * 4**number, 1, 1)
            assert bool(
                (bound.usual > 0).all() & (bound.usual <= bound.far).all() & bound.far.isfinite().all()
            )


def test_untrained_networks_have_no_bounds() -> None:
    assert latent_bounds(random_flow()) is None
