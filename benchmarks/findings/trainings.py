"""Small trainings on LOL that differ only in the loss, the latent's mean or the random selector.

    python benchmarks/findings/trainings.py --lol LOL --runs RUNS

Every run has the same network, data, crops, steps, learning rate and, per seed, the same initial weights and
the same batches. Finished runs are not repeated and interrupted ones are continued, so the command can be
repeated until all runs are finished; ``--report`` only scores and draws the finished runs.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from finding_parts import report
from finding_parts.datasets import HELD_OUT
from torch import nn

from llflow_photo.evaluation.metrics import align_brightness, psnr
from llflow_photo.evaluation.perceptual import load_ssimulacra2
from llflow_photo.flow import DenseSize, LLFlow, Size
from llflow_photo.flow.encoder import EncoderOutput
from llflow_photo.flow.inputs import reference_color_map
from llflow_photo.models.checkpoint import load_checkpoint
from llflow_photo.training.crops import CropSource
from llflow_photo.training.loop import BEST, CHECKPOINT, Progress, Trainer
from llflow_photo.training.loss import LossWeights
from llflow_photo.training.pairs import LoadedPair, find_pairs, load_pair, split_by_scene
from llflow_photo.training.recipe import Recipe, Stage

__all__ = ["NETWORK", "VARIANTS", "Variant", "ZeroMeanTrainer", "with_zero_mean"]

NETWORK = Size(DenseSize(24, 12, 2, (0,)), steps=3, hidden=24)
"""A small network with the paper's encoder, which trains in minutes."""
CROP, BATCH = 64, 8


@dataclass(frozen=True)
class Variant:
    """The loss of a run.

    Attributes:
        name: name of the run's folder and row.
        weights: weights of the loss.
        color_map: whether the latent's mean is the color map g(x); otherwise it is 0.
    """

    name: str
    weights: LossWeights
    color_map: bool = True


def _likelihood(selector: float) -> LossWeights:
    return LossWeights(likelihood=1.0, absolute=0.0, aligned=0.0, structural=0.0, selector=selector)


VARIANTS = (
    Variant("likelihood, selector 0.2", _likelihood(0.2)),
    Variant("L1 alone", LossWeights(likelihood=0.0, absolute=1.0, aligned=0.0, structural=0.0, selector=0.0)),
    Variant("likelihood, no selector", _likelihood(0.0)),
    Variant("likelihood, latent mean 0", _likelihood(0.0), color_map=False),
    Variant("likelihood, selector 0.5", _likelihood(0.5)),
    Variant("likelihood, selector 0.8", _likelihood(0.8)),
    Variant("0.01 likelihood and L1", replace(_likelihood(0.2), likelihood=0.01, absolute=1.0)),
)


def with_zero_mean(model: LLFlow) -> LLFlow:
    """Set the encoder's color map to 0, so that the latent's distribution is N(0, I)."""

    def hook(module: nn.Module, arguments: Any, output: EncoderOutput) -> EncoderOutput:
        return replace(output, color_map=torch.zeros_like(output.color_map))

    model.encoder.register_forward_hook(hook)
    return model


class ZeroMeanTrainer(Trainer):
    """A trainer whose networks have the latent mean 0."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        with_zero_mean(self.model)

    def averaged_model(self) -> LLFlow:
        return with_zero_mean(super().averaged_model())


def run_folder(runs: Path, variant: Variant, seed: int) -> Path:
    """The folder of a run."""
    return runs / f"{variant.name.replace(', ', '_').replace(' ', '-')}_seed{seed}"


def train_one(
    variant: Variant,
    seed: int,
    steps: int,
    runs: Path,
    pairs: Sequence[LoadedPair],
    held: Sequence[LoadedPair],
) -> None:
    """Train a run to its end, continuing from its newest checkpoint if there is one."""
    folder = run_folder(runs, variant, seed)
    recipe = Recipe((Stage(CROP, BATCH, steps),), variant.weights, warmup=steps // 8, seed=seed)
    kind = Trainer if variant.color_map else ZeroMeanTrainer
    trainer = kind(folder, NETWORK, recipe, CropSource(pairs, seed), held)
    if (folder / CHECKPOINT).is_file():
        trainer.resume()
    if trainer.step == steps:
        return
    started = time.monotonic()

    def show(now: Progress) -> None:
        if now.step % 50 == 0:
            report.show(
                f"{folder.name}: {now.step} of {steps}, loss {now.loss:.3f}, "
                f"{time.monotonic() - started:.0f} s, {now.validation or ''}"
            )

    trainer.train(show, validate_every=steps, save_every=50)


def last_validation(folder: Path) -> dict[str, float]:
    """Step and held-out scores of the last validated row of a run's log; empty if there is none."""
    path = folder / "log.csv"
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["psnr"]]
    names = ("step", "psnr", "psnr_aligned", "ssim_gray", "ssim_gray_aligned")
    if not rows:
        return {}
    return {name: float(rows[-1][name]) for name in names} | {"nll": float(rows[-1]["held_out_nll"])}


@torch.inference_mode()
def score(folder: Path, variant: Variant, held: Sequence[LoadedPair]) -> dict[str, float]:
    """Scores that are not in the log, of the averaged weights: SSIMULACRA2, colors, renderings at T = 0.8."""
    model = LLFlow(NETWORK)
    model.load_state_dict(load_checkpoint(folder / BEST)["model"])
    if not variant.color_map:
        with_zero_mean(model)
    model.eval()
    ssimulacra2, _ = load_ssimulacra2()
    found: list[list[float]] = []
    generator = torch.Generator().manual_seed(0)
    for pair in held:
        low, high = (torch.from_numpy(x).permute(2, 0, 1)[None].float() / 255 for x in (pair.low, pair.high))
        conditioning = model.encode(low, torch.from_numpy(pair.equalization)[None])
        guess = model.decode(conditioning).clamp(0, 1)
        sample = (
            model.decode(conditioning, model.sample_latent(conditioning, 0.8, 1, generator))
            .nan_to_num(0.5)
            .clamp(0, 1)
        )
        images = [x[0].permute(1, 2, 0).numpy() for x in (guess, sample, high)]
        color = (reference_color_map(guess) - reference_color_map(high)).abs().mean()
        perceptual = (
            ssimulacra2(align_brightness(images[0], images[2]), images[2]) if ssimulacra2 else float("nan")
        )
        found.append(
            [perceptual, float(color) * 1000, psnr(align_brightness(images[1], images[2]), images[2])]
        )
    names = ("ssimulacra2_aligned", "color_error", "sample_psnr_aligned")
    return dict(zip(names, np.mean(found, axis=0).tolist(), strict=True))


def collect(runs: Path, steps: int, seeds: Sequence[int], held: Sequence[LoadedPair]) -> list[dict[str, Any]]:
    """A row per finished run."""
    rows = []
    for seed in seeds:
        for variant in VARIANTS:
            folder = run_folder(runs, variant, seed)
            scores = last_validation(folder)
            if scores.get("step") != steps:
                continue
            report.show(f"scoring {folder.name}")
            del scores["step"]
            named = {
                "run": f"{variant.name}, seed {seed}",
                "variant": variant.name,
                "seed": seed,
                "steps": steps,
            }
            rows.append({**named, **scores, **score(folder, variant, held)})
    return rows


def table(rows: Sequence[Any]) -> str:
    """A line per run."""
    columns = {
        "psnr": ("PSNR as is", 2),
        "psnr_aligned": ("aligned", 2),
        "ssim_gray_aligned": ("SSIM on gray, aligned", 3),
        "ssimulacra2_aligned": ("SSIMULACRA2, aligned", 1),
        "color_error": ("color error, of 1000", 1),
        "sample_psnr_aligned": ("PSNR of a rendering at T 0.8, aligned", 2),
        "nll": ("bits per pixel", 2),
    }
    lines = [
        [
            row["variant"],
            row["seed"],
            *(f"{float(row[name]):.{digits}f}" for name, (_, digits) in columns.items()),
        ]
        for row in sorted(
            rows, key=lambda row: ([v.name for v in VARIANTS].index(row["variant"]), row["seed"])
        )
    ]
    return report.markdown(["training", "seed", *(label for label, _ in columns.values())], lines)


def draw(runs: Path, rows: Sequence[Any]) -> None:
    """Likelihood of the runs with likelihood, for the first seed that has logs, and PSNR of all runs."""
    figure, (left, right) = report.plot(2, 10, 3.6)
    for color, variant in zip(report.COLORS, VARIANTS, strict=False):
        seeds = sorted(int(row["seed"]) for row in rows if row["variant"] == variant.name)
        logs = [run_folder(runs, variant, seed) / "log.csv" for seed in seeds]
        there = [log for log in logs if log.is_file()]
        if variant.weights.likelihood == 0 or not there:
            continue
        with there[0].open(newline="") as file:
            head, *lines = csv.reader(file)
        bits = np.array([float(line[head.index("nll")]) for line in lines])
        smooth = np.convolve(bits, np.full(21, 1 / 21), "valid")
        left.plot(np.arange(len(smooth)) + 11, smooth, color=color, label=variant.name)
    left.set(xlabel="step", ylabel="bits per pixel in training, mean of 21 steps", ylim=(None, 0))
    left.legend(frameon=False, fontsize=7)
    names = [variant.name for variant in VARIANTS if any(row["variant"] == variant.name for row in rows)]
    for color, (column, label) in zip(
        report.COLORS, (("psnr", "as is"), ("psnr_aligned", "aligned")), strict=False
    ):
        for place, name in enumerate(names):
            values = [float(row[column]) for row in rows if row["variant"] == name]
            right.plot(values, [-place] * len(values), "o", color=color, label=label if place == 0 else None)
    right.set_yticks([-place for place in range(len(names))], names)
    right.set_xlabel("held-out PSNR / dB, a dot per seed")
    right.legend(frameon=False, fontsize=8)
    report.save(figure, "trainings")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lol", type=Path, required=True, help="folder that holds LOL's our485")
    parser.add_argument("--runs", type=Path, default=Path("runs/findings"), help="where runs are kept")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--report", action="store_true", help="train nothing, score and draw finished runs")
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    training, held_out = split_by_scene(find_pairs(arguments.lol, "train"), HELD_OUT)
    held = [load_pair(pair) for pair in held_out]
    if not arguments.report:
        pairs = [load_pair(pair) for pair in training]
        for seed in arguments.seeds:
            for variant in VARIANTS:
                train_one(variant, seed, arguments.steps, arguments.runs, pairs, held)
    finished = collect(arguments.runs, arguments.steps, arguments.seeds, held)
    if not finished:
        raise SystemExit(f"no finished run of {arguments.steps} steps in {arguments.runs}")
    report.keep("trainings", finished, key="run")
    rows = report.kept("trainings")
    report.put_table("trainings", table(rows))
    draw(arguments.runs, rows)


if __name__ == "__main__":
    main()
