"""Brightness along the latent: whether it increases with the option ``brightness`` for every photo.

    python benchmarks/findings/brightness.py --lol LOL --photos PHOTOS

Spearman's rank correlation of mean luminance with the option, which shifts the latent along the model's gain
path.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from finding_parts import report
from finding_parts.command import run
from finding_parts.datasets import Dataset
from finding_parts.measures import spearman

from llflow_photo.evaluation.brightness import SETTINGS, brightness_curve


def measure(dataset: Dataset) -> list[dict[str, Any]]:
    """A row per photo; ``ev_01``, ... are the luminances relative to the best guess, EV."""
    rows = []
    for number, example in enumerate(dataset.examples, 1):
        report.show(f"{dataset.name}: {number} of {len(dataset.examples)}, {example.name}")
        curve = brightness_curve(dataset.enhancer.encode(example.dark, keep=True))
        finite = np.isfinite(curve)
        row: dict[str, Any] = {
            "model": dataset.name,
            "weights": dataset.checksum,
            "photo": example.name,
            "spearman": spearman(SETTINGS[finite], curve[finite]),
            "failed": int((~finite).sum()),
        }
        for index, value in enumerate(curve, 1):
            row[f"ev_{index:02d}"] = float(value)
        rows.append(row)
    return rows


def _curves(rows: list[Any]) -> np.ndarray:
    return np.array(
        [[float(row[f"ev_{index:02d}"]) for index in range(1, len(SETTINGS) + 1)] for row in rows]
    )


def table(rows: list[Any]) -> str:
    """Rank correlations and the range of brightness per model."""
    head = [
        "model",
        "photos",
        "Spearman, median",
        "least",
        "at least 0.95",
        "EV reached, median",
        "failed",
    ]
    lines = []
    for model in sorted({row["model"] for row in rows}):
        some = [row for row in rows if row["model"] == model]
        ranks = np.array([float(row["spearman"]) for row in some])
        curves = _curves(some)
        low, high = np.nanmedian(curves[:, 0]), np.nanmedian(curves[:, -1])
        failed = sum(int(row["failed"]) for row in some)
        shown = [
            f"{np.median(ranks):.3f}",
            f"{ranks.min():.3f}",
            f"{(ranks >= 0.95).sum()} of {len(ranks)}",
        ]
        lines.append([model, len(some), *shown, f"{low:+.2f} to {high:+.2f}", failed])
    return report.markdown(head, lines)


def draw(rows: list[Any]) -> None:
    """The curve of every photo, and their median."""
    models = sorted({row["model"] for row in rows})
    figure, axes = report.plot(len(models), 4.4 * len(models), 3.2)
    for axis, model in zip(axes, models, strict=True):
        curves = _curves([row for row in rows if row["model"] == model])
        axis.plot(SETTINGS, curves.T, color=report.COLORS[0], linewidth=0.6, alpha=0.5)
        axis.plot(SETTINGS, np.nanmedian(curves, 0), color=report.COLORS[1], linewidth=2)
        axis.plot(SETTINGS, SETTINGS, "k:", linewidth=0.8)
        axis.set(title=model, ylim=(-3, 2))
        axis.set_xlabel("brightness setting, EV")
    axes[0].set_ylabel("mean luminance, EV from the best guess")
    report.save(figure, "brightness")


def main() -> None:
    """Run from the command line."""
    run("brightness", __doc__, 12, measure, table, draw)


if __name__ == "__main__":
    main()
