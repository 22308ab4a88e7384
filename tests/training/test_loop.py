"""The training loop: resuming is exact, bad steps are skipped, checkpoints are complete."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from llflow_photo.errors import CheckpointError, TrainingDataError, WriteError
from llflow_photo.flow import DenseSize, Size
from llflow_photo.flow.actnorm import ActNorm
from llflow_photo.models.checkpoint import load_checkpoint, save_checkpoint
from llflow_photo.training.crops import Batch, CropSource
from llflow_photo.training.log import TrainingLog
from llflow_photo.training.loop import Progress, Trainer
from llflow_photo.training.pairs import LoadedPair
from llflow_photo.training.recipe import Recipe, parse_stages

TINY = Size(DenseSize(8, 4, 1, (0,)), steps=1, hidden=8)


def make_pair(seed: int, height: int = 40, width: int = 48) -> LoadedPair:
    random = np.random.default_rng(seed)
    coarse = random.random((height // 8, width // 8, 3)).repeat(8, 0).repeat(8, 1)
    high = (255 * (0.2 + 0.7 * coarse)).astype(np.uint8)
    low = np.clip(0.12 * high + random.normal(0, 1.5, high.shape), 0, 255).astype(np.uint8)
    return LoadedPair(low, high)


def make_trainer(run: Path, stages: str = "16x2:6", **changes: object) -> Trainer:
    recipe = Recipe(stages=parse_stages(stages), warmup=2, ema=0.9, **changes)
    source = CropSource([make_pair(0), make_pair(1)], recipe.seed)
    return Trainer(run, TINY, recipe, source, [make_pair(2)])


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}


def assert_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def rows_of(run: Path) -> list[dict[str, str]]:
    with (run / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_resuming_gives_the_same_weights(tmp_path: Path) -> None:
    whole = make_trainer(tmp_path / "whole")
    whole.train(validate_every=2)
    part = make_trainer(tmp_path / "part")
    part.train(validate_every=2, stop=lambda: part.step == 3)
    assert part.step == 3
    rest = make_trainer(tmp_path / "part")
    rest.resume()
    assert rest.step == 3
    rest.train(validate_every=2)
    assert_equal(weights(whole), weights(rest))
    assert_equal(whole.average.average, rest.average.average)
    assert rows_of(tmp_path / "whole") == rows_of(tmp_path / "part")
    assert [int(row["step"]) for row in rows_of(tmp_path / "part")] == [1, 2, 3, 4, 5, 6]
    best = [load_checkpoint(tmp_path / run / "best.pt") for run in ("whole", "part")]
    assert best[0]["step"] == best[1]["step"]
    assert_equal(best[0]["model"], best[1]["model"])


def test_the_same_seed_gives_the_same_run_and_another_another(tmp_path: Path) -> None:
    runs = [make_trainer(tmp_path / str(i), "16x2:2", seed=seed) for i, seed in enumerate((0, 0, 1))]
    for run in runs:
        run.train(validate_every=100)
    assert_equal(weights(runs[0]), weights(runs[1]))
    assert any(not torch.equal(weights(runs[0])[name], tensor) for name, tensor in weights(runs[2]).items())


def test_rows_after_the_checkpoint_are_deleted_on_resuming(tmp_path: Path) -> None:
    first = make_trainer(tmp_path)
    first.train(stop=lambda: first.step == 3)
    with (tmp_path / "log.csv").open("a") as file:
        file.write("4" + ",9" * 5 + "," * 5 + "\n")  # a row written just before a kill
    again = make_trainer(tmp_path)
    again.resume()
    assert [row["step"] for row in rows_of(tmp_path)] == ["1", "2", "3"]


class _BadBatches:
    """Gives batches with NaN at some steps."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.source = CropSource([make_pair(0)])

    def batch(self, step: int, crop: int, size: int) -> Batch:
        batch = self.source.batch(step, crop, size)
        reference = batch.reference * (torch.nan if step in self.bad else 1.0)
        return Batch(batch.low, reference, batch.equalization)


def test_a_step_that_is_not_finite_is_skipped_and_counted(tmp_path: Path) -> None:
    recipe = Recipe(stages=parse_stages("16x2:4"), warmup=1)
    trainer = Trainer(tmp_path, TINY, recipe, _BadBatches({2}))
    seen: list[Progress] = []
    states = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        states.append(weights(trainer))

    trainer.train(watch)
    assert trainer.skipped == 1
    assert [progress.skipped for progress in seen] == [0, 0, 1, 1]
    assert np.isnan(seen[2].loss)
    assert_equal(states[1], states[2])
    assert any(not torch.equal(states[2][name], states[3][name]) for name in states[3])
    assert all(torch.isfinite(tensor).all() for tensor in weights(trainer).values())
    assert [row["step"] for row in rows_of(tmp_path)] == ["1", "2", "4"]


def test_only_bad_steps_end_with_an_error(tmp_path: Path) -> None:
    recipe = Recipe(stages=parse_stages("16x1:200"))
    trainer = Trainer(tmp_path, TINY, recipe, _BadBatches(set(range(1, 200))))
    with pytest.raises(TrainingDataError, match="100 consecutive steps"):
        trainer.train()


def test_the_first_batch_initializes_every_actnorm(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path)
    trainer._initialize()
    norms = [module for module in trainer.model.flow.modules() if isinstance(module, ActNorm)]
    assert norms
    assert not any(norm.initialize_next for norm in norms)
    outputs: dict[ActNorm, torch.Tensor] = {}
    for level in trainer.model.flow.levels:
        for step in level.conditional:
            step.register_forward_pre_hook(
                lambda step, given: outputs.update({step.norm: step.norm(given[0])})
            )
    batch = trainer.source.batch(0, 16, 2)
    with torch.no_grad():
        trainer.model.latent_of(batch.reference, trainer.model.encode(batch.low, batch.equalization))
    of_steps = [step.norm for level in trainer.model.flow.levels for step in level.conditional]
    for norm in of_steps:
        output = outputs[norm]
        torch.testing.assert_close(output.mean((0, 2, 3)), torch.zeros(output.shape[1]), rtol=0, atol=1e-3)
        deviation = output.std((0, 2, 3), unbiased=False)
        torch.testing.assert_close(deviation, torch.ones_like(deviation), rtol=0, atol=0.02)


def test_the_loss_falls_when_overfitting_one_photo(tmp_path: Path) -> None:
    recipe = Recipe(stages=parse_stages("32x2:60"), warmup=5, learning_rate=3e-3, ema=0.5)
    losses: list[float] = []
    pair = make_pair(0)
    trainer = Trainer(tmp_path, TINY, recipe, CropSource([pair]), [pair])
    trainer.train(lambda progress: losses.append(progress.loss), validate_every=1000)
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    assert load_checkpoint(tmp_path / "best.pt")["validation"]["psnr"] > 12
    assert (tmp_path / "log.png").stat().st_size > 1000


def test_a_run_without_validation_still_writes_checkpoints(tmp_path: Path) -> None:
    recipe = Recipe(stages=parse_stages("16x1:2"))
    Trainer(tmp_path, TINY, recipe, CropSource([make_pair(0)])).train()
    state = load_checkpoint(tmp_path / "checkpoint.pt")
    assert state["step"] == 2
    assert Recipe.from_dict(state["recipe"]) == recipe
    assert not (tmp_path / "best.pt").exists()


def test_resuming_needs_a_checkpoint_of_the_same_size(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        make_trainer(tmp_path).resume()
    make_trainer(tmp_path, "16x1:1").train()
    other = Trainer(
        tmp_path,
        Size(DenseSize(8, 4, 1), (1, 1, 1), 8),
        Recipe(stages=parse_stages("16x1:1")),
        CropSource([make_pair(0)]),
    )
    with pytest.raises(CheckpointError, match="has size"):
        other.resume()


def test_fine_tuning_starts_from_given_weights(tmp_path: Path) -> None:
    first = make_trainer(tmp_path / "first", "16x1:2")
    first.train()
    recipe = Recipe(stages=parse_stages("16x1:1"), learning_rate=1e-9)
    tuned = Trainer(
        tmp_path / "tuned", TINY, recipe, CropSource([make_pair(0)]), start=first.model.state_dict()
    )
    tuned.train()
    for name, tensor in weights(first).items():
        torch.testing.assert_close(weights(tuned)[name], tensor, rtol=0, atol=1e-6)


def test_damaged_checkpoints_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        load_checkpoint(path)
    torch.save({"weights": 1}, path)
    with pytest.raises(CheckpointError, match="not a checkpoint of a training run"):
        load_checkpoint(path)


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})
    with pytest.raises(Exception, match="pickle"):
        save_checkpoint(path, {"step": 2, "bad": lambda: None})
    assert load_checkpoint(path)["step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


@contextmanager
def small_disk() -> Iterator[None]:
    """A limit of 4 KiB for the size of files, whose error is like that of a full disk.

    It is no fixture, because it also limits the files to which pytest writes.
    """
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("numbers", [1100, 100_000])  # torch reports the two in different ways
def test_a_full_disk_is_named(numbers: int, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})
    message = r"cannot write .*checkpoint\.pt: .*; free space or choose another"
    with pytest.raises(WriteError, match=message), small_disk():
        save_checkpoint(path, {"step": 2, "tensor": torch.zeros(numbers)})
    assert load_checkpoint(path)["step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_full_disk_cuts_off_the_last_row_of_the_log(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path)
    for step in range(300):
        log.add(step, 1e-3, None, None)
    with pytest.raises(WriteError, match=r"cannot write .*log\.csv"), small_disk():
        log.flush()
    log.cut_after(299)
    rows = rows_of(tmp_path)
    assert [int(row["step"]) for row in rows] == list(range(len(rows)))
    assert all(None not in row.values() for row in rows)


_END_WHILE_SAVING = """
import os, sys, torch
from pathlib import Path
from llflow_photo.models.checkpoint import save_checkpoint

def half_a_file(state, file):
    file.write(b"PK")
    file.flush()
    os._exit(9)

path = Path(sys.argv[1])
save_checkpoint(path, {"step": 1, "tensor": torch.full((1000,), 1.0)})
if sys.argv[2] == "writing":
    torch.save = half_a_file
else:
    os.fsync = lambda file: os._exit(9)
save_checkpoint(path, {"step": 2, "tensor": torch.full((1000,), 2.0)})
"""


@pytest.mark.parametrize("moment", ["writing", "before renaming"])
def test_a_process_that_ends_while_saving_leaves_the_old_checkpoint(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "checkpoint.pt"
    ended = subprocess.run([sys.executable, "-c", _END_WHILE_SAVING, str(path), moment], check=False)
    assert ended.returncode == 9
    state = load_checkpoint(path)
    assert state["step"] == 1 and torch.equal(state["tensor"], torch.full((1000,), 1.0))
