"""Speed of making training pairs: clean crops through the camera simulation, on one core.

``python benchmarks/simulation.py [PHOTOS]``: a folder of clean photos; by default synthetic ones. Training
should not wait for pairs, so the table also shows how fast the compact network processes them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from llflow_photo.flow import COMPACT
from llflow_photo.training.crops import Batch
from llflow_photo.training.loop import Trainer
from llflow_photo.training.photos import find_photos, load_photos
from llflow_photo.training.recipe import Recipe, Stage
from llflow_photo.training.simulated import SimulatedSource

BATCHES = ((96, 8), (160, 4), (256, 2))
SECONDS, STEPS = 10.0, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="?")
    folder = parser.parse_args().photos
    torch.set_num_threads(1)
    source = SimulatedSource(load_photos(find_photos(folder)[:40]) if folder else _synthetic())
    lines = ["| crop | pairs made per second | processed by training |", "|---:|---:|---:|"]
    for crop, batch in BATCHES:
        lines.append(f"| {crop} | {made(source, crop, batch):.1f} | {taken(source, crop, batch):.1f} |")
    sys.stdout.write("\n".join(lines) + "\n")


def made(source: SimulatedSource, crop: int, batch: int) -> float:
    """Pairs made per second on one core."""
    source.batch(0, crop, batch)
    start, count = time.perf_counter(), 0
    while (seconds := time.perf_counter() - start) < SECONDS:
        count += 1
        source.batch(count, crop, batch)
    return count * batch / seconds


def taken(source: SimulatedSource, crop: int, batch: int) -> float:
    """Pairs trained on per second on one core, without the time to make them."""
    ready = _Ready([source.batch(step, crop, batch) for step in range(2)])
    with tempfile.TemporaryDirectory() as run:
        recipe = Recipe(stages=(Stage(crop, batch, STEPS + 2),), mixed_precision=True)
        trainer = Trainer(Path(run), COMPACT, recipe, ready, [], "cpu")
        times: list[float] = []
        trainer.train(lambda progress: times.append(time.perf_counter()))
    return STEPS * batch / (times[STEPS] - times[0])


class _Ready:
    """A source of precomputed pairs."""

    def __init__(self, batches: list[Batch]) -> None:
        self.batches = batches

    def batch(self, step: int, crop: int, size: int) -> Batch:
        return self.batches[step % len(self.batches)]


def _synthetic() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    coarse = random.uniform(0, 255, (4, 40, 60, 3)).repeat(16, 1).repeat(16, 2)
    return [np.clip(one + random.normal(0, 8, one.shape), 0, 255).astype(np.uint8) for one in coarse]


if __name__ == "__main__":
    main()
