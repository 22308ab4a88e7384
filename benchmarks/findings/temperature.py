"""Temperature and grain against distance from the reference, diversity and smoothness.

    python benchmarks/findings/temperature.py --lol LOL --photos PHOTOS

Per photo: the best guess (T = 0) and eight renderings at every temperature and grain. The distance to the
reference of the best one, selected with the reference, is compared with that of the eight on average, of
their mean, and of the guess. The quality of single renderings is measured by SSIMULACRA2, brightness-aligned
to the reference, and by the steps between neighboring blocks of 8 pixels, brightness-aligned to the guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from finding_parts import report
from finding_parts.command import run
from finding_parts.datasets import Dataset
from finding_parts.measures import best_and_mean, block_step

from llflow_photo.engine import Latent
from llflow_photo.evaluation.metrics import align_brightness, psnr
from llflow_photo.evaluation.perceptual import load_ssimulacra2
from llflow_photo.explore.statistics import spread_of

TEMPERATURES = (0.2, 0.5, 0.8, 1.0)
GRAINS = (0.0, 0.25, 1.0)
RENDERINGS = 8
_NO_GRAIN = 1e-6
"""Latents with grain are decoded at full size; this little is invisible."""
Metric = Callable[[np.ndarray, np.ndarray], float]


def _aligned(metric: Metric) -> Metric:
    return lambda image, reference: metric(align_brightness(image, reference), reference)


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


def _metrics() -> dict[str, Metric]:
    ssimulacra2, missing = load_ssimulacra2()
    if ssimulacra2 is None:
        report.show(missing)
    metrics = {"psnr": psnr, "psnr_aligned": _aligned(psnr)}
    return metrics | ({"ssimulacra2_aligned": _aligned(ssimulacra2)} if ssimulacra2 else {})


def measure(dataset: Dataset) -> list[dict[str, Any]]:
    """A row per temperature and grain, means over the photos; the best guess is temperature 0."""
    metrics = _metrics()
    # (temperature, grain) -> what -> a score, or a list of scores, per photo
    scores: dict[tuple[float, float], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for number, example in enumerate(dataset.examples, 1):
        report.show(f"{dataset.name}: {number} of {len(dataset.examples)}, {example.name}")
        encoded = dataset.enhancer.encode(example.dark, keep=True)
        guess = encoded.decode(Latent())
        for temperature, grain in [(0.0, 0.0), *((t, g) for g in GRAINS for t in TEMPERATURES)]:
            seeds = range(RENDERINGS) if temperature else range(1)
            renderings = encoded.decode_many([Latent(seed, temperature, grain) for seed in seeds])
            spread = spread_of(renderings)
            found = scores[temperature, grain]
            found["diversity"].append(255 * float(np.sqrt(np.mean(spread.disagreement**2))))
            if temperature and not grain:
                decoded = encoded.decode_many([Latent(seed, temperature, _NO_GRAIN) for seed in seeds])
                found["distance"].append(255 * np.mean([*map(_distance, renderings, decoded)]))
            steps = [block_step(align_brightness(one, guess)) for one in renderings]
            found["step"].append(np.mean(steps) / block_step(guess))
            for name, metric in metrics.items():
                found[name].append([metric(rendering, example.reference) for rendering in renderings])
                found[f"{name}_of_mean"].append(metric(spread.mean, example.reference))
    return [_row(dataset, *at, list(metrics), found) for at, found in scores.items()]


def _row(
    dataset: Dataset, temperature: float, grain: float, metrics: list[str], found: dict[str, list[Any]]
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model": dataset.name,
        "weights": dataset.checksum,
        "photos": len(dataset.examples),
        "temperature": temperature,
        "grain": grain,
        "diversity": float(np.mean(found["diversity"])),
        "step": float(np.mean(found["step"])),
        "distance": float(np.mean(found["distance"])) if found["distance"] else "",
    }
    for name in metrics:
        best, mean = best_and_mean(np.array(found[name]))
        row |= {f"{name}_one": mean, f"{name}_best": best}
        row[f"{name}_of_mean"] = float(np.mean(found[f"{name}_of_mean"]))
    return row


LABELS = {"psnr": "PSNR", "psnr_aligned": "aligned", "ssimulacra2_aligned": "SSIMULACRA2, aligned"}
KINDS = {"one": "one", "best": "best of 8", "of_mean": "mean of 8"}


def table(rows: list[Any]) -> str:
    """PSNR and SSIMULACRA2 of the guess, and of one, the best and the mean of eight."""
    columns = [
        (f"{name}_{kind}", f"{label}: {which}")
        for name, label in LABELS.items()
        for kind, which in KINDS.items()
    ]
    lines = []
    for row in rows:
        numbers = [f"{float(row[name]):.2f}" if row.get(name) else "" for name, _ in columns]
        grain = f"{float(row['grain']):g}" if float(row["temperature"]) else ""
        at = [f"{float(row['temperature']):g}", grain, f"{float(row['diversity']):.1f}"]
        distance = f"{float(row['distance']):.1f}" if row.get("distance") else ""
        lines.append([row["model"], row["photos"], *at, f"{float(row['step']):.2f}", distance, *numbers])
    head = ["model", "photos", "T", "grain", "diversity", "block step / guess's", "from decoding"]
    return report.markdown([*head, *(label for _, label in columns)], lines)


def draw(rows: list[Any]) -> None:
    """Metrics, diversity and block steps against temperature, a row of axes per model."""
    models = sorted({row["model"] for row in rows})
    figure, axes = report.plot(4, 11, 2.9 * len(models), rows=len(models))
    for index, model in enumerate(models):
        own = [row for row in rows if row["model"] == model]
        closeness, perceptual, diversity, step = axes[4 * index : 4 * index + 4]
        _curves(closeness, own, "psnr")
        closeness.set_title(f"{model}: PSNR / dB")
        if own[0].get("ssimulacra2_aligned_one"):
            _curves(perceptual, own, "ssimulacra2_aligned")
        perceptual.set_title("SSIMULACRA2, aligned")
        for color, grain in zip(report.COLORS, GRAINS, strict=False):
            some = _of(own, grain)
            diversity.plot(*_points(some, "diversity"), color=color, label=f"grain {grain:g}")
            step.plot(*_points(some, "step"), color=color)
        diversity.set(title="diversity, of 255", xlabel="temperature")
        step.set(title="block step / guess's", xlabel="temperature")
    for kind, style in _STYLES.items():
        axes[0].plot([], [], f"k{style}", label=KINDS[kind])
    axes[0].legend(frameon=False, fontsize=7)
    axes[2].legend(frameon=False, fontsize=7)
    report.save(figure, "temperature")


_STYLES = {"best": "-", "of_mean": "--", "one": ":"}


def _curves(axis: Any, own: list[Any], name: str) -> None:
    for color, grain in zip(report.COLORS, GRAINS, strict=False):
        for kind, style in _STYLES.items():
            axis.plot(*_points(_of(own, grain), f"{name}_{kind}"), style, color=color)
    guess = next(row for row in own if float(row["temperature"]) == 0)
    axis.axhline(float(guess[f"{name}_one"]), color="black", linewidth=0.8)
    axis.set_xlabel("temperature")


def _of(own: list[Any], grain: float) -> list[Any]:
    return [row for row in own if float(row["temperature"]) > 0 and float(row["grain"]) == grain]


def _points(some: list[Any], name: str) -> tuple[list[float], list[float]]:
    return [float(row["temperature"]) for row in some], [float(row[name]) for row in some]


def main() -> None:
    """Run from the command line."""
    run("temperature", __doc__, 6, measure, table, draw)


if __name__ == "__main__":
    main()
