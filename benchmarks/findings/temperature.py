"""Temperature and coherence of the latent's noise against distance from the reference, and diversity.

    python benchmarks/findings/temperature.py --lol LOL --photos PHOTOS

Per photo: the best guess (T = 0) and eight renderings at every temperature and coherence. Is the best of the
eight, chosen by the reference, closer to it than the eight are on average, than their mean, than the guess?
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from finding_parts import report
from finding_parts.command import run
from finding_parts.homes import Home
from finding_parts.measures import best_and_mean

from llflow_photo.engine import Latent
from llflow_photo.evaluation.metrics import align_brightness, psnr
from llflow_photo.evaluation.perceptual import load_ssimulacra2
from llflow_photo.explore.statistics import spread_of

TEMPERATURES = (0.2, 0.5, 0.8, 1.0)
COHERENCES = (0.0, 0.5, 1.0)
RENDERINGS = 8


def _aligned(image: np.ndarray, reference: np.ndarray) -> float:
    return psnr(align_brightness(image, reference), reference)


def measure(home: Home) -> list[dict[str, Any]]:
    """A row per temperature and coherence, means over the photos; the best guess is temperature 0."""
    ssimulacra2, missing = load_ssimulacra2()
    if ssimulacra2 is None:
        report.tell(missing)
    metrics = {
        "psnr": psnr,
        "psnr_aligned": _aligned,
        **({"ssimulacra2": ssimulacra2} if ssimulacra2 else {}),
    }
    # (temperature, coherence) -> what -> one list of scores per photo
    scores: dict[tuple[float, float], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for number, example in enumerate(home.examples, 1):
        report.tell(f"{home.model}: {number} of {len(home.examples)}, {example.name}")
        scene = home.enhancer.encode(example.dark, keep=True)
        for temperature, coherence in [(0.0, 0.0), *((t, c) for c in COHERENCES for t in TEMPERATURES)]:
            seeds = range(RENDERINGS) if temperature else range(1)
            renderings = scene.decode_many([Latent(seed, temperature, coherence) for seed in seeds])
            spread = spread_of(renderings)
            found = scores[temperature, coherence]
            found["diversity"].append(float(spread.disagreement.mean()) * 255)
            for name, metric in metrics.items():
                found[name].append([metric(rendering, example.reference) for rendering in renderings])
                found[f"{name}_of_mean"].append(metric(spread.mean, example.reference))
    return [_row(home, *at, list(metrics), found) for at, found in scores.items()]


def _row(
    home: Home, temperature: float, coherence: float, metrics: list[str], found: dict[str, list[Any]]
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model": home.model,
        "weights": home.checksum,
        "photos": len(home.examples),
        "temperature": temperature,
        "coherence": coherence,
        "diversity": float(np.mean(found["diversity"])),
    }
    for name in metrics:
        best, mean = best_and_mean(np.array(found[name]))
        row |= {f"{name}_one": mean, f"{name}_best": best}
        row[f"{name}_of_mean"] = float(np.mean(found[f"{name}_of_mean"]))
    return row


def table(rows: list[Any]) -> str:
    """PSNR as is and SSIMULACRA2 of the guess, and of one, the best and the mean of eight."""
    columns = [
        (f"{name}_{kind}", f"{label}: {which}")
        for name, label in (("psnr", "PSNR"), ("psnr_aligned", "aligned"), ("ssimulacra2", "SSIMULACRA2"))
        for kind, which in (("one", "one"), ("best", "best of 8"), ("of_mean", "mean of 8"))
    ]
    lines = []
    for row in rows:
        numbers = [f"{float(row[name]):.2f}" if row.get(name) else "" for name, _ in columns]
        coherence = f"{float(row['coherence']):g}" if float(row["temperature"]) else ""
        at = [f"{float(row['temperature']):g}", coherence, f"{float(row['diversity']):.1f}"]
        lines.append([row["model"], row["photos"], *at, *numbers])
    head = ["model", "photos", "T", "coherence", "diversity", *(label for _, label in columns)]
    return report.markdown(head, lines)


def draw(rows: list[Any]) -> None:
    """Against temperature: both metrics and diversity, models below each other."""
    models = sorted({row["model"] for row in rows})
    figure, axes = report.plot(3, 9, 2.9 * len(models), rows=len(models))
    for index, model in enumerate(models):
        own = [row for row in rows if row["model"] == model]
        closeness, perceptual, diversity = axes[3 * index : 3 * index + 3]
        _curves(closeness, own, "psnr")
        closeness.set_title(f"{model}: PSNR / dB")
        if "ssimulacra2_one" in own[0]:
            _curves(perceptual, own, "ssimulacra2")
        perceptual.set_title("SSIMULACRA2")
        for color, coherence in zip(report.COLORS, COHERENCES, strict=False):
            some = _of(own, coherence)
            diversity.plot(*_points(some, "diversity"), color=color, label=f"coherence {coherence:g}")
        diversity.set_title("diversity, of 255")
        diversity.set_xlabel("temperature")
    for style, label in _KINDS.values():
        axes[0].plot([], [], f"k{style}", label=label)
    axes[0].legend(frameon=False, fontsize=7)
    axes[2].legend(frameon=False, fontsize=7)
    report.save(figure, "temperature")


_KINDS = {"best": ("-", "best of 8"), "of_mean": ("--", "mean of 8"), "one": (":", "one")}


def _curves(axis: Any, own: list[Any], name: str) -> None:
    for color, coherence in zip(report.COLORS, COHERENCES, strict=False):
        for kind, (style, _) in _KINDS.items():
            axis.plot(*_points(_of(own, coherence), f"{name}_{kind}"), style, color=color)
    guess = next(row for row in own if float(row["temperature"]) == 0)
    axis.axhline(float(guess[f"{name}_one"]), color="black", linewidth=0.8)
    axis.set_xlabel("temperature")


def _of(own: list[Any], coherence: float) -> list[Any]:
    return [row for row in own if float(row["temperature"]) > 0 and float(row["coherence"]) == coherence]


def _points(some: list[Any], name: str) -> tuple[list[float], list[float]]:
    return [float(row["temperature"]) for row in some], [float(row[name]) for row in some]


def main() -> None:
    """Run from the command line."""
    run("temperature", __doc__, 6, measure, table, draw)


if __name__ == "__main__":
    main()
