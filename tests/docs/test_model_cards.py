"""The model cards of the documentation site agree with those that the command line shows."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from llflow_photo import models
from llflow_photo.cli import main

SITE_HOOKS = Path(__file__).parents[2] / "scripts" / "site_hooks.py"


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """The site's card of each shipped model."""
    parts = re.split(r"^## (.+)$", runpy.run_path(str(SITE_HOOKS))["cards"](), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", ["lol-compact", "night-compact"])
@pytest.mark.parametrize("row", ["exposure of its training inputs", "ratio of the channels in them"])
def test_ranges_of_the_training_inputs(
    name: str, row: str, sections: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", name]) == 0
    shown = re.search(rf"^{row} +(.+)$", capsys.readouterr().out, re.M)
    assert shown is not None
    assert f"| {row} | {shown[1]} |" in sections[name]


def test_the_ratio_is_that_of_the_card(sections: dict[str, str]) -> None:
    low, high = models.find("night-compact").inputs["channel_ratio"]
    assert f"| {low} to {high} |" in sections["night-compact"]
