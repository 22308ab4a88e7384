"""Brightness along the latent: does it rise, photo by photo?

    python benchmarks/findings/brightness.py --lol LOL --photos PHOTOS

Two ways through the latent: the model's gain path, which the ``brightness`` option walks on, and the same
number added to every value of the latent. Spearman's rank correlation of mean luminance with the position.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from finding_parts import report
from finding_parts.command import run
from finding_parts.homes import Home
from finding_parts.measures import spearman

from llflow_photo.color.spaces import SRGB, decode, luminance_weights
from llflow_photo.engine import Latent
from llflow_photo.errors import NonFiniteOutputError
from llflow_photo.evaluation.brightness import PATH, PLAIN, PlainShift

POSITIONS = {PATH: np.linspace(-2.0, 1.0, 13), PLAIN: np.linspace(-0.6, 0.6, 13)}
MAKE: dict[str, Any] = {PATH: lambda at: Latent(brightness=at), PLAIN: PlainShift}


def _luminance(scene: Any, latent: Any) -> float:
    try:
        rendering = scene.decode(latent)
    except NonFiniteOutputError:
        return float("nan")
    return float((decode(rendering, "srgb") @ luminance_weights(SRGB).astype(np.float32)).mean())


def measure(home: Home) -> list[dict[str, Any]]:
    """A row per photo and way; ``ev_01`` ... are the luminances reached, EV from the best guess."""
    rows = []
    for number, example in enumerate(home.examples, 1):
        report.tell(f"{home.model}: {number} of {len(home.examples)}, {example.name}")
        scene = home.enhancer.encode(example.dark, keep=True)
        start = _luminance(scene, Latent())
        for way, positions in POSITIONS.items():
            reached = np.array([_luminance(scene, MAKE[way](float(at))) for at in positions])
            there = np.isfinite(reached)
            row: dict[str, Any] = {
                "model": home.model,
                "weights": home.checksum,
                "photo": example.name,
                "way": way,
                "spearman": spearman(positions[there], reached[there]),
                "failed": int((~there).sum()),
            }
            for index, value in enumerate(np.log2(np.maximum(reached, 1e-6) / start), 1):
                row[f"ev_{index:02d}"] = float(value)
            rows.append(row)
    return rows


def _curves(rows: list[Any]) -> np.ndarray:
    return np.array([[float(row[f"ev_{index:02d}"]) for index in range(1, 14)] for row in rows])


def table(rows: list[Any]) -> str:
    """Per model and way: ranks, and how far the ends are from the best guess."""
    head = [
        "model",
        "way",
        "photos",
        "Spearman, median",
        "least",
        "at least 0.95",
        "EV reached, median",
        "failed",
    ]
    lines = []
    for model in sorted({row["model"] for row in rows}):
        for way in POSITIONS:
            some = [row for row in rows if row["model"] == model and row["way"] == way]
            ranks = np.array([float(row["spearman"]) for row in some])
            curves = _curves(some)
            low, high = np.nanmedian(curves[:, 0]), np.nanmedian(curves[:, -1])
            failed = sum(int(row["failed"]) for row in some)
            shown = [
                f"{np.median(ranks):.3f}",
                f"{ranks.min():.3f}",
                f"{(ranks >= 0.95).sum()} of {len(ranks)}",
            ]
            lines.append([model, way, len(some), *shown, f"{low:+.2f} to {high:+.2f}", failed])
    return report.markdown(head, lines)


def draw(rows: list[Any]) -> None:
    """Every photo's curve, and the median."""
    models = sorted({row["model"] for row in rows})
    figure, axes = report.plot(2 * len(models), 4.4 * len(models), 3.2)
    for index, (model, way) in enumerate((model, way) for model in models for way in POSITIONS):
        curves = _curves([row for row in rows if row["model"] == model and row["way"] == way])
        axes[index].plot(POSITIONS[way], curves.T, color=report.COLORS[0], linewidth=0.6, alpha=0.5)
        axes[index].plot(POSITIONS[way], np.nanmedian(curves, 0), color=report.COLORS[1], linewidth=2)
        if way == PATH:
            axes[index].plot(POSITIONS[way], POSITIONS[way], "k:", linewidth=0.8)
        axes[index].set(title=f"{model}: {way}", ylim=(-3, 2))
        axes[index].set_xlabel("brightness setting, EV" if way == PATH else "number added to the latent")
    axes[0].set_ylabel("mean luminance, EV from the best guess")
    report.save(figure, "brightness")


def main() -> None:
    """Run from the command line."""
    run("brightness", __doc__, 12, measure, table, draw)


if __name__ == "__main__":
    main()
