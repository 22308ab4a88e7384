"""Training a tiny network on the command line."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from llflow_photo.cli import main
from llflow_photo.cli.train_display import TrainingDisplay
from llflow_photo.training.loop import Progress

SIZE = "features=8,growth=4,blocks=1,stacked=0,steps=1,hidden=8"


def train(pairs: Path, run: Path, *more: str) -> int:
    fixed = ["--data", str(pairs), "--run", str(run), "--model", SIZE, "--validation-scenes", "2"]
    return main(["train", *fixed, "--threads", str(torch.get_num_threads()), *more])


@contextmanager
def interrupted_after_one_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A context in which Ctrl-C is pressed after the first step of a training."""
    follow = TrainingDisplay.follow

    def interrupt(self: TrainingDisplay, progress: Progress) -> None:
        follow(self, progress)
        if progress.step == 1:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(TrainingDisplay, "follow", interrupt)
        yield
