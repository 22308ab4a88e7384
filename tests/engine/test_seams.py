"""The shipped models in tiles against the whole photo, at their default halo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo import load_model
from llflow_photo.engine import Enhancer, Latent

SAMPLES = Path(__file__).resolve().parents[2] / "sample_images"


@pytest.fixture(scope="module")
def lane() -> np.ndarray:
    """A lamp, noise and deep shadow; 693 x 771."""
    return np.asarray(Image.open(SAMPLES / "sodium-lane.jpg").convert("RGB"))[7:700, 229:1000]


@pytest.mark.parametrize("model", ["night-compact", "lol-compact"])
def test_tiles_are_within_one_level_of_the_whole_photo(model: str, lane: np.ndarray) -> None:
    flow = load_model(model).flow
    latents = [Latent(3, 0.0), Latent(3, 0.8)]
    whole = Enhancer(flow, device="cpu", tile=1024).encode(lane)
    tiled = Enhancer(flow, device="cpu", tile=384).encode(lane)
    assert whole.tiles == 1 and tiled.tiles > 4
    for one, other in zip(whole.decode_many(latents), tiled.decode_many(latents), strict=True):
        assert one.std() > 0.05
        assert np.abs(one - other).max() <= 1 / 255
