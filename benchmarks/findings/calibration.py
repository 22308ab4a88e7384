"""Does the disagreement of renderings predict the error, pixel by pixel and photo by photo? And do references
lie where the model's prior says?

    python benchmarks/findings/calibration.py --lol LOL --photos PHOTOS

Disagreement: standard deviation of eight renderings at temperature 0.8. Error: of the best guess against the
reference, mean over channels of the absolute difference, as is and brightness-aligned. Beside it, what needs
no model of uncertainty: the best guess's own luma, and its slope. Of the prior: root mean square of the
references' latents less their means, in units of the prior, for the frame, regions and detail. Of the
renderings: how far their light, and that of the references, is from the guess's, for the frame and regions.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import torch
from finding_parts import report
from finding_parts.datasets import Dataset, datasets, make_parser, network_image
from finding_parts.measures import block_mean, decile_means, detail, frame_and_regions, spearman

from llflow_photo.engine import Latent
from llflow_photo.evaluation.metrics import align_brightness, gray
from llflow_photo.explore.statistics import spread_of
from llflow_photo.flow import LLFlow
from llflow_photo.loading import load_model
from llflow_photo.training.prior_fit import standardized_residuals

TEMPERATURE = 0.8
RENDERINGS = 8
LIGHT_TEMPERATURES = (0.8, 1.0)
GRAINS = (0.0, 0.25, 1.0)
LUMA, SLOPE = "luma of the guess", "slope of the guess"


def measure(dataset: Dataset) -> list[dict[str, Any]]:
    """A row per photo and predictor: rank correlations with the error, deciles, and means of both."""
    rows = []
    for number, example in enumerate(dataset.examples, 1):
        report.show(f"{dataset.name}: {number} of {len(dataset.examples)}, {example.name}")
        encoded = dataset.enhancer.encode(example.dark, keep=True)
        guess = encoded.decode(Latent())
        predictors = {
            f"disagreement, grain {grain:g}": spread_of(
                encoded.decode_many([Latent(seed, TEMPERATURE, grain) for seed in range(RENDERINGS)])
            ).disagreement
            for grain in GRAINS
        }
        predictors |= {LUMA: gray(guess), SLOPE: detail(guess)}
        aligned = align_brightness(guess, example.reference)
        errors = {
            "error": np.abs(guess - example.reference).mean(2),
            "aligned": np.abs(aligned - example.reference).mean(2),
        }
        for name, predictor in predictors.items():
            row: dict[str, Any] = {
                "model": dataset.name,
                "weights": dataset.checksum,
                "photo": example.name,
                "predictor": name,
                "predicted": float(predictor.mean()),
                "rmse": float(np.sqrt(np.mean((guess - example.reference) ** 2))),
            }
            for kind, error in errors.items():
                row[f"{kind}_mean"] = float(error.mean())
                row[f"{kind}_pixels"] = spearman(predictor.ravel(), error.ravel())
                row[f"{kind}_blocks"] = spearman(block_mean(predictor).ravel(), block_mean(error).ravel())
            for index, value in enumerate(decile_means(predictor, errors["aligned"]) * 255, 1):
                row[f"decile_{index:02d}"] = float(value)
            rows.append(row)
    return rows


@torch.inference_mode()
def residuals(dataset: Dataset) -> list[dict[str, Any]]:
    """A row with standardized residuals of the references; empty for models without a prior."""
    flow = load_model(dataset.model).flow
    if flow.prior is None:
        return []
    found = standardized_residuals(
        flow.prior, (_residual(flow, example.dark, example.reference) for example in dataset.examples)
    )
    count = len(dataset.examples)
    return [{"model": dataset.name, "weights": dataset.checksum, "photos": count, **found}]


def _residual(flow: LLFlow, dark: np.ndarray, reference: np.ndarray) -> torch.Tensor:
    """A reference's latent minus its mean, 192 x h x w."""
    conditioning = flow.encode(network_image(dark))
    latent, _ = flow.latent_of(network_image(reference), conditioning)
    return (latent - conditioning.mean)[0]


def light(dataset: Dataset) -> list[dict[str, Any]]:
    """How far references and renderings are from the guess, of 255, for the frame and its regions."""
    found = defaultdict(list)
    for number, example in enumerate(dataset.examples, 1):
        report.show(f"{dataset.name}, light: {number} of {len(dataset.examples)}, {example.name}")
        encoded = dataset.enhancer.encode(example.dark, keep=True)
        guess = encoded.decode(Latent())
        found["references"].append(frame_and_regions(example.reference - guess))
        for temperature in LIGHT_TEMPERATURES:
            for one in encoded.decode_many([Latent(seed, temperature) for seed in range(RENDERINGS)]):
                found[f"renderings at {temperature:g}"].append(frame_and_regions(one - guess))
    rows: list[dict[str, Any]] = []
    for which, squares in found.items():
        frame, regions = 255 * np.sqrt(np.mean(squares, axis=0))
        shared = {"model": dataset.name, "weights": dataset.checksum, "photos": len(dataset.examples)}
        rows.append({**shared, "which": which, "frame": float(frame), "regions": float(regions)})
    return rows


def _grouped(rows: list[Any]) -> dict[tuple[str, str], list[Any]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row["model"], row["predictor"]].append(row)
    return groups


def _column(rows: list[Any], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


def table(rows: list[Any]) -> str:
    """Medians over photos; the last columns are correlations between photos."""
    head = [
        "model",
        "predictor",
        "photos",
        "Spearman per pixel",
        "the same, aligned",
        "photos above 0, aligned",
    ]
    head += ["8x8 blocks, aligned", "between photos", "between photos, aligned", "disagreement / RMSE"]
    lines = []
    for (model, predictor), some in _grouped(rows).items():
        pixels = [_column(some, f"{kind}_pixels") for kind in ("error", "aligned")]
        shown = [f"{np.median(one):.2f}" for one in pixels]
        shown.append(f"{(pixels[1] > 0).sum()} of {len(some)}")
        shown.append(f"{np.median(_column(some, 'aligned_blocks')):.2f}")
        predicted = _column(some, "predicted")
        shown += [
            f"{spearman(predicted, _column(some, f'{kind}_mean')):.2f}" for kind in ("error", "aligned")
        ]
        ratio = np.median(predicted / _column(some, "rmse")) if "disagreement" in predictor else None
        lines.append([model, predictor, len(some), *shown, "" if ratio is None else f"{ratio:.2f}"])
    return report.markdown(head, lines)


def residual_table(rows: list[Any]) -> str:
    """Standardized residuals; 1 if the prior is calibrated."""
    parts = ("frame", "regions", "detail")
    lines = [[row["model"], row["photos"], *(f"{float(row[part]):.2f}" for part in parts)] for row in rows]
    return report.markdown(["model", "photos", *parts], lines)


def light_table(rows: list[Any]) -> str:
    """Distances from the guess, of 255."""
    lines = [
        [
            row["model"],
            row["photos"],
            row["which"],
            *(f"{float(row[part]):.1f}" for part in ("frame", "regions")),
        ]
        for row in rows
    ]
    return report.markdown(["model", "photos", "distance from the best guess of", "frame", "regions"], lines)


def draw(rows: list[Any]) -> None:
    """Mean error in each tenth of a photo's pixels, from least to most predicted."""
    models = sorted({row["model"] for row in rows})
    figure, axes = report.plot(len(models), 4.6 * len(models), 3.2)
    for axis, model in zip(axes, models, strict=True):
        for color, ((owner, predictor), some) in zip(
            report.COLORS,
            ((key, some) for key, some in _grouped(rows).items() if key[0] == model),
            strict=False,
        ):
            curves = np.array([[float(row[f"decile_{index:02d}"]) for index in range(1, 11)] for row in some])
            style = "-" if "disagreement" in predictor else ":"
            axis.plot(np.arange(1, 11), curves.mean(0), style, marker=".", color=color, label=predictor)
            axis.set(
                title=owner, xlabel="tenth of the pixels, by predictor", ylabel="mean aligned error, of 255"
            )
        axis.set_ylim(0)
    axes[0].legend(frameon=False, fontsize=7)
    report.save(figure, "calibration")


def main() -> None:
    """Run from the command line."""
    for dataset in datasets(make_parser(__doc__, limit=12).parse_args()):
        report.keep("calibration", measure(dataset))
        if found := residuals(dataset):
            report.keep("residuals", found)
        report.keep("light", light(dataset))
    rows = report.kept("calibration")
    report.put_table("calibration", table(rows))
    report.put_table("residuals", residual_table(report.kept("residuals")))
    report.put_table("light", light_table(report.kept("light")))
    draw(rows)


if __name__ == "__main__":
    main()
