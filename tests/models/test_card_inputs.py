"""Ranges of training inputs on a model's card, and what is made of them."""

from __future__ import annotations

import pytest

from llflow_photo import models
from llflow_photo.models.card import Card


def test_shipped_models_know_the_colors_of_their_training_photos() -> None:
    lol, night = (models.load(name) for name in ("lol-compact", "night-compact"))
    assert lol.flow.lowest_channel_ratio == lol.card.inputs["channel_ratio"][0] == pytest.approx(0.164)
    assert night.flow.lowest_channel_ratio == night.card.inputs["channel_ratio"][0] == pytest.approx(0.032)


@pytest.mark.parametrize(
    "inputs", [{}, {"exposure_ev": [-8.0, 1.0]}, {"channel_ratio": []}, {"channel_ratio": [0.0, 1]}]
)
def test_cards_without_a_usable_range_of_colors_have_none(inputs: dict[str, list[float]]) -> None:
    assert Card("old", {}, inputs=inputs).lowest_channel_ratio is None
    assert Card("new", {}, inputs={**inputs, "channel_ratio": [0.2, 0.9]}).lowest_channel_ratio == 0.2
