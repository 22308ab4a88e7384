"""Each model on the other model's kind of data, compared with the model trained on it.

python benchmarks/findings/cross_data.py --lol LOL --photos PHOTOS
"""

from __future__ import annotations

from typing import Any

from finding_parts import report
from finding_parts.datasets import Dataset, checksum_of, datasets, make_parser, name_of

from llflow_photo.api import load_enhancer
from llflow_photo.engine import Latent
from llflow_photo.evaluation import metrics_at_hand, score_pairs

METRICS = {"psnr": ("PSNR / dB", 2), "ssim_gray": ("SSIM on gray", 3), "ssimulacra2": ("SSIMULACRA2", 1)}


def measure(dataset: Dataset, model: str) -> list[dict[str, Any]]:
    """A row with the scores of a model on one kind of data, without highlight protection."""
    enhancer = load_enhancer(model, device="cpu")
    metrics, missing = metrics_at_hand()
    for sentence in missing:
        report.show(sentence)
    wanted = {name: metric for name, metric in metrics.items() if name in METRICS}
    pairs = (
        (example.name, enhancer.encode(example.dark).decode(Latent()), example.reference)
        for example in dataset.examples
    )
    scores = score_pairs(pairs, wanted, lambda name: report.show(f"{model} on {dataset.data}: {name}"))
    row: dict[str, Any] = {
        "model": name_of(model),
        "weights": checksum_of(model),
        "data": dataset.data,
        "at home": "yes" if model == dataset.model else "no",
        "photos": len(dataset.examples),
    }
    for name in wanted:
        row |= {name: scores.mean(name).as_is, f"{name}_aligned": scores.mean(name).aligned}
    return [row]


def table(rows: list[Any]) -> str:
    """Scores as is and brightness-aligned."""
    names = [name for name in METRICS if name in rows[0]]
    head = ["data", "model", "trained on it", "photos"]
    head += [f"{METRICS[name][0]}{kind}" for name in names for kind in (" as is", " aligned")]
    lines = []
    for row in sorted(rows, key=lambda row: (row["data"], row["at home"] == "no")):
        numbers = [
            f"{float(row[f'{name}{kind}']):.{METRICS[name][1]}f}"
            for name in names
            for kind in ("", "_aligned")
        ]
        lines.append([row["data"], row["model"], row["at home"], row["photos"], *numbers])
    return report.markdown(head, lines)


def draw(rows: list[Any]) -> None:
    """Bars of PSNR as is and aligned."""
    kinds = sorted({row["data"] for row in rows})
    figure, axes = report.plot(len(kinds), 4.0 * len(kinds), 2.6, sharey=True)
    for axis, kind in zip(axes, kinds, strict=True):
        some = [row for row in rows if row["data"] == kind]
        for offset, (name, label) in enumerate((("psnr", "as is"), ("psnr_aligned", "aligned"))):
            places = [index + 0.36 * offset for index in range(len(some))]
            bars = axis.bar(
                places, [float(row[name]) for row in some], 0.34, color=report.COLORS[offset], label=label
            )
            axis.bar_label(bars, fmt="%.1f", fontsize=8)
        axis.set_xticks([index + 0.18 for index in range(len(some))], [row["model"] for row in some])
        axis.set_title(kind)
    axes[0].set_ylabel("PSNR / dB")
    axes[-1].legend(frameon=False, fontsize=8)
    report.save(figure, "cross_data")


def main() -> None:
    """Run from the command line."""
    arguments = make_parser(__doc__, limit=12).parse_args()
    selected = datasets(arguments)
    found = [
        row
        for dataset in selected
        for model in (arguments.lol_model, arguments.night_model)
        for row in measure(dataset, model)
    ]
    if found:
        report.keep("cross_data", found, key="data")
    rows = report.kept("cross_data")
    report.put_table("cross", table(rows))
    draw(rows)


if __name__ == "__main__":
    main()
