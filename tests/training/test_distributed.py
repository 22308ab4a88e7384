"""Several processes train one model: the same weights in all, resumable, uneven batches rejected."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from llflow_photo.errors import OptionError
from llflow_photo.training.distributed import ALONE, Workers

PROGRAM = """
import sys, torch
from pathlib import Path
from llflow_photo.training.recipe import Recipe, parse_stages
from llflow_photo.training.session import RunSettings, build_trainer
from llflow_photo.flow import Size, DenseSize
torch.set_num_threads(1)
size = Size(DenseSize(8, 4, 1, (0,)), steps=1, hidden=8)
recipe = Recipe(stages=parse_stages("16x4:6"), warmup=2, ema=0.9)
settings = RunSettings(sys.argv[1], (), size, recipe, validation_scenes=1, device="cpu")

def train(run, name, last, resume=False):
    trainer = build_trainer(run, settings, resume)
    begun = trainer.step
    trainer.train(stop=lambda: trainer.workers.rank == 1 and trainer.step >= last)
    result = (begun, trainer.step), trainer.model.state_dict()
    torch.save(result, run / f"{name}-{trainer.workers.rank}.pt")
    torch.distributed.barrier()  # the first process has written the checkpoint

whole, part = Path(sys.argv[2]), Path(sys.argv[3])
train(whole, "whole", 99)
train(part, "stopped", 2)
train(part, "resumed", 99, resume=True)
"""
HANG_SECONDS = 1800  # importing torch in three processes takes minutes if the machine has much else to do


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for part in ("low", "high"):
        (tmp_path / "pairs" / part).mkdir(parents=True)
    for number in range(3):
        high = random.integers(60, 255, (4, 5, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
        Image.fromarray(high).save(tmp_path / "pairs" / "high" / f"{number}.png")
        Image.fromarray(high // 8).save(tmp_path / "pairs" / "low" / f"{number}.png")
    return tmp_path / "pairs"


def _result(run: Path, name: str) -> tuple[tuple[int, int], dict[str, torch.Tensor]]:
    """First and last step and the weights, which are the same in both processes."""
    (steps, first), (others, second) = (torch.load(run / f"{name}-{n}.pt", weights_only=True) for n in (0, 1))
    assert steps == others and all(torch.equal(first[key], second[key]) for key in first)
    return steps, first


def test_two_processes_keep_one_model_and_resume_to_the_same(pairs: Path, tmp_path: Path) -> None:
    program, whole, part = (tmp_path / name for name in ("program.py", "whole", "part"))
    program.write_text(PROGRAM)
    # By default, the launcher counts as dead if it sends no heartbeat for 15 seconds.
    patience = f"--rdzv-conf=keep_alive_max_attempt={HANG_SECONDS // 5}"
    launcher = ["-m", "torch.distributed.run", "--standalone", patience, "--nproc-per-node=2"]
    command = [sys.executable, *launcher, str(program), str(pairs), str(whole), str(part)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert done.returncode == 0, done.stderr
    steps, weights = _result(whole, "whole")
    until_stopped, others = _result(part, "stopped")
    assert steps == (0, 6) and until_stopped == (0, 3)  # asked after step 2, all end after the next
    assert not all(torch.equal(weights[name], others[name]) for name in weights)
    after, resumed = _result(part, "resumed")
    assert after == (3, 6) and all(torch.equal(weights[name], resumed[name]) for name in weights)


def test_a_batch_is_divided_evenly_or_rejected() -> None:
    assert Workers(1, 4).share_of(8) == 2
    with pytest.raises(OptionError, match="batch of 6 cannot be divided evenly among 4"):
        Workers(0, 4).share_of(6)


def test_a_single_process_averages_nothing() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    parameter.grad = torch.full((3,), 2.0)
    assert ALONE.average_gradients([parameter], stop=True) is True
    assert torch.equal(parameter.grad, torch.full((3,), 2.0))
