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
from llflow_photo.models.checkpoint import load_checkpoint
from llflow_photo.training.distributed import ALONE, Workers

SIZE = "features=8,growth=4,blocks=1,stacked=0,steps=1,hidden=8"
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
trainer = build_trainer(Path(sys.argv[2]), settings, resume=sys.argv[3] == "resume")
last = int(sys.argv[4])
trainer.train(stop=lambda: trainer.workers.rank == 1 and trainer.step >= last)
torch.save((trainer.step, trainer.model.state_dict()), f"{sys.argv[2]}/rank{trainer.workers.rank}.pt")
"""


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


def _launch(pairs: Path, run: Path, mode: str, last: int) -> tuple[int, dict[str, torch.Tensor]]:
    program = run.parent / "program.py"
    program.write_text(PROGRAM)
    run.mkdir(exist_ok=True)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [sys.executable, *launcher, str(program), str(pairs), str(run), mode, str(last)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    (step, first), (other, second) = (torch.load(run / f"rank{n}.pt", weights_only=True) for n in (0, 1))
    assert step == other and all(torch.equal(first[name], second[name]) for name in first)
    return step, first


def test_two_processes_keep_one_model_and_resume_to_the_same(pairs: Path, tmp_path: Path) -> None:
    steps, whole = _launch(pairs, tmp_path / "whole", "new", 99)
    stopped, _ = _launch(pairs, tmp_path / "part", "new", 2)
    assert steps == 6 and stopped == 3  # asked after step 2, all end after the next
    assert load_checkpoint(tmp_path / "part" / "checkpoint.pt")["step"] == 3
    _, resumed = _launch(pairs, tmp_path / "part", "resume", 99)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_batch_is_divided_evenly_or_rejected() -> None:
    assert Workers(1, 4).share_of(8) == 2
    with pytest.raises(OptionError, match="batch of 6 cannot be divided evenly among 4"):
        Workers(0, 4).share_of(6)


def test_a_single_process_averages_nothing() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    parameter.grad = torch.full((3,), 2.0)
    assert ALONE.average_gradients([parameter], stop=True) is True
    assert torch.equal(parameter.grad, torch.full((3,), 2.0))
