"""Looks rendered from a small version of the photo, with the shipped models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo.api import load_enhancer
from llflow_photo.color.spaces import decode
from llflow_photo.engine import Latent

LANE = Path(__file__).resolve().parents[2] / "sample_images" / "sodium-lane.jpg"


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


@pytest.mark.parametrize("model", ["night-compact", "lol-compact"])
@pytest.mark.parametrize(
    "latent",
    [Latent(4, 0.8), Latent(brightness=-0.7), Latent(2, 0.8, 0.0, 0.5)],
    ids=["look", "darker", "brighter look"],
)
def test_a_rendering_without_noise_is_near_its_decoding_at_full_size(model: str, latent: Latent) -> None:
    lane = np.asarray(Image.open(LANE).convert("RGB"))[::2, ::2]
    encoded = load_enhancer(model, device="cpu").encode(lane)
    guess, rendering = encoded.decode_many([Latent(), latent])
    noisy = replace(latent, grain=1e-6, temperature=latent.temperature or 1e-6)  # is decoded at full size
    decoded = encoded.decode(noisy)
    # The decoder of lol-compact adds more to a look than light: its looks vary more, see the findings.
    least = {"night-compact": 1 / 255, "lol-compact": 2 / 255}[model]
    assert _distance(rendering, decoded) < max(0.25 * _distance(guess, decoded), least)


@pytest.mark.parametrize("model", ["night-compact", "lol-compact"])
@pytest.mark.parametrize("grain", [0.0, 0.1])
def test_brightness_acts_on_looks_as_on_the_best_guess(model: str, grain: float) -> None:
    encoded = load_enhancer(model, device="cpu").encode(np.asarray(Image.open(LANE).convert("RGB"))[::3, ::3])

    def stops(latent: Latent) -> float:
        return float(np.log2(decode(encoded.decode(latent), "srgb").mean()))

    for brightness in (-0.8, 0.5):
        expected = stops(Latent(brightness=brightness)) - stops(Latent())
        assert expected * brightness > 0.05
        look = Latent(1, 0.8, grain)
        assert stops(replace(look, brightness=brightness)) - stops(look) == pytest.approx(expected, rel=0.15)
