"""Timing and memory as the operating system accounts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Settings", "Times", "fastest", "in_own_process", "night_photo"]


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        threads: processor threads.
        repeats: runs of each kind; the fastest counts.
        largest: largest photo, megapixels.
    """

    threads: int = 2
    repeats: int = 3
    largest: float = 100.0


@dataclass(frozen=True)
class Times:
    """Seconds of one run.

    Attributes:
        wall: by the clock.
        processor: of all threads together.
    """

    wall: float
    processor: float


def fastest(runs: Sequence[Callable[[], object]], repeats: int) -> list[Times]:
    """Each run's fastest times, the runs taking turns so that a busy moment hits all alike."""
    for run in runs:
        run()
    best = [Times(float("inf"), float("inf"))] * len(runs)
    for _ in range(repeats):
        for index, run in enumerate(runs):
            wall, processor = time.perf_counter(), time.process_time()
            run()
            taken = Times(time.perf_counter() - wall, time.process_time() - processor)
            best[index] = Times(
                min(best[index].wall, taken.wall), min(best[index].processor, taken.processor)
            )
    return best


def in_own_process(module: str, *arguments: object, threads: int) -> dict[str, Any]:
    """Run ``python -m module arguments`` and read the JSON it prints; memory peaks are then its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=Path(__file__).parents[1],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def night_photo(height: int, width: int) -> np.ndarray:
    """A made night: dark ramps, edges, lamps, noise; H x W x 3, float32, sRGB-encoded, made in strips."""
    photo = np.empty((height, width, 3), np.float32)
    rng = np.random.default_rng(0)
    x = np.arange(width, dtype=np.float32)
    for top in range(0, height, 256):
        y = np.arange(top, min(top + 256, height), dtype=np.float32)[:, None]
        light = (
            0.04 + 0.05 * np.sin(x / 97) ** 2 * np.cos(y / 131) ** 2 + 0.04 * ((x // 120 + y // 90) % 3 == 0)
        )
        light = light + 0.9 * np.exp(-(((x % 700) - 350) ** 2 + ((y % 500) - 250) ** 2) / 150)
        strip = light[..., None] * np.array([1.0, 0.85, 0.6], np.float32)
        strip = strip + 0.01 * rng.standard_normal(strip.shape, np.float32)
        photo[top : top + 256] = np.clip(strip, 0, 1)
    return photo
