"""Fitting the prior of a model file again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "findings"))

import refit

from llflow_photo.flow import LLFlow, Size
from llflow_photo.flow.sizes import UNetSize
from llflow_photo.models import load, save


def test_only_the_prior_of_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    for number in range(3):
        coarse = Image.fromarray(random.integers(20, 235, (5, 6, 3), np.uint8))
        coarse.resize((96, 80), Image.Resampling.BICUBIC).save(tmp_path / f"{number}.png")
    torch.manual_seed(0)
    size = Size(UNetSize((4, 4, 4), (1, 1, 1), (1, 1), 8), steps=(1, 1, 1), hidden=4, prior=True)
    model = tmp_path / "model.safetensors"
    before = LLFlow(size).state_dict()
    save(before, size, model, half=False)
    monkeypatch.setattr(sys, "argv", ["refit.py", str(model), "--photos", str(tmp_path)])
    monkeypatch.setattr(refit, "HELD_OUT", 2)
    refit.main()
    after = load(model).flow.state_dict()
    changed = {name for name, tensor in after.items() if not torch.allclose(tensor, before[name], atol=1e-3)}
    assert changed == {f"prior.{name}" for name in ("mean", "directions", "spread", "detail", "response")}
