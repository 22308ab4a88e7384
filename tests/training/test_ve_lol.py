"""VE-LOL's layout is accepted by training and evaluation."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo.cli import main

TINY = "features=8,growth=4,blocks=1,steps=1,hidden=8"


@pytest.fixture
def ve_lol(tmp_path: Path) -> Path:
    """Real_captured and Synthetic, Train and Test, Low and Normal, named as VE-LOL names its files."""
    names = {
        ("Real_captured", "Train"): [(f"low{n:05d}.png", f"normal{n:05d}.png") for n in (1, 2, 3)],
        ("Real_captured", "Test"): [("low00690.png", "normal00690.png")],
        ("Synthetic", "Train"): [(f"r{n:08x}t.png",) * 2 for n in (7, 8)],
        ("Synthetic", "Test"): [("r00816405t.png",) * 2],
    }
    random = np.random.default_rng(0)
    for (kind, part), pairs in names.items():
        for low, normal in pairs:
            bright = random.integers(40, 250, (6, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            for folder, name, pixels in (("Low", low, bright // 8), ("Normal", normal, bright)):
                place = tmp_path / "VE-LOL" / kind / part / folder
                place.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(place / name)
    return tmp_path / "VE-LOL"


def test_training_and_evaluation_accept_the_layout(ve_lol: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ["--crop", "32", "--batch", "2", "--steps", "2", "--validation-scenes", "1", "--threads", "1"]
    assert main(["train", "--data", str(ve_lol), "--model", TINY, "--run", str(run), *options]) == 0
    model, scores = run / "run.safetensors", tmp_path / "scores.csv"
    evaluate = ["evaluate", "--model", str(model), "--device", "cpu", "--csv", str(scores)]
    assert main([*evaluate, "--data", str(ve_lol), "--part", "test"]) == 0
    assert _photos(scores) == ["low00690.png", "r00816405t.png"]
    assert main([*evaluate, "--data", str(ve_lol / "Real_captured"), "--part", "train"]) == 0
    assert _photos(scores) == ["low00001.png", "low00002.png", "low00003.png"]


def _photos(scores: Path) -> list[str]:
    with scores.open(newline="") as file:
        return [row["photo"] for row in csv.DictReader(file) if row["photo"] != "mean"]
