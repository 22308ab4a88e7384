"""Recipes: stages, learning rates, remaining work."""

from __future__ import annotations

from itertools import pairwise

import pytest

from llflow_photo.errors import TrainingDataError
from llflow_photo.training.recipe import Recipe, Stage, parse_stages


def test_stages_are_read() -> None:
    assert parse_stages("96x8:6000,160x4:30") == (Stage(96, 8, 6000), Stage(160, 4, 30))


@pytest.mark.parametrize("text", ["", "96", "96x8", "96:8", "x8:3", "96x8:many", "96x8:3,"])
def test_malformed_stages_are_reported(text: str) -> None:
    with pytest.raises(TrainingDataError, match="is not CROPxBATCH:STEPS, for example 96x8:6000"):
        parse_stages(text)


@pytest.mark.parametrize("text", ["100x8:1", "8x8:1", "96x0:1", "96x8:0", "96x8:-3"])
def test_invalid_stages_are_reported(text: str) -> None:
    with pytest.raises(TrainingDataError, match="multiple of 8"):
        parse_stages(text)


def test_steps_belong_to_stages() -> None:
    recipe = Recipe(stages=parse_stages("16x2:3,32x1:2"))
    assert recipe.steps == 5
    assert [recipe.stage_at(step).crop for step in range(6)] == [16, 16, 16, 32, 32, 32]
    assert [recipe.work_after(step) for step in (0, 2, 3, 5)] == [
        3 * 2 * 256 + 2 * 1024,
        2 * 256 + 2 * 1024,
        2 * 1024,
        0,
    ]


def test_the_learning_rate_warms_up_and_falls() -> None:
    recipe = Recipe(stages=parse_stages("16x1:1000"), learning_rate=1e-3, final_rate=1e-5, warmup=100)
    rates = [recipe.rate_at(step) for step in range(1000)]
    assert rates[0] == pytest.approx(1e-5)
    assert rates[99] == pytest.approx(1e-3)
    assert max(rates) == pytest.approx(1e-3)
    assert all(later <= earlier for earlier, later in pairwise(rates[99:]))
    assert rates[-1] == pytest.approx(1e-5, rel=0.01)


@pytest.mark.parametrize(
    "wrong", [{"ema": 2.0}, {"warmup": -1}, {"learning_rate": 0.0}, {"clip": -1.0}, {"final_rate": -1.0}]
)
def test_invalid_recipes_are_reported(wrong: dict[str, float]) -> None:
    with pytest.raises(TrainingDataError, match=next(iter(wrong))):
        Recipe(**wrong)  # type: ignore[arg-type]


def test_recipes_round_trip() -> None:
    recipe = Recipe(stages=parse_stages("16x2:3,32x1:2"), clip=2.0, seed=5)
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    with pytest.raises(TrainingDataError, match="cannot be read"):
        Recipe.from_dict({**recipe.to_dict(), "momentum": 1})
