"""Tables and plots from what was measured."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import torch

from .measure import Settings

__all__ = ["draw", "save"]

RESULTS = Path(__file__).parents[1] / "results"
_HEADS = {
    "sizes": "Cost and memory against size",
    "samples": "Further renderings of an encoded photo",
    "backends": "Backends",
    "device": "GPU",
}


def save(part: str, settings: Settings, rows: list[dict[str, Any]]) -> None:
    """Keep one part's rows and where they were measured."""
    if not rows:
        return
    RESULTS.mkdir(exist_ok=True)
    machine = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": settings.threads,
        "load_1_min": round(os.getloadavg()[0], 1),
        "torch": torch.__version__,
    }
    text = json.dumps({"machine": machine, "rows": rows}, indent=1)
    (RESULTS / f"engine_{part}.json").write_text(text + "\n", encoding="utf-8")


def draw() -> None:
    """Write ``engine.md`` and the plots from all parts measured so far."""
    found = {path.stem.removeprefix("engine_"): json.loads(path.read_text()) for path in _files()}
    sections = [
        "# Engine",
        "Measured by `python benchmarks/engine.py`. Times are seconds of processor time, summed",
    ]
    sections[-1] += " over threads, beside wall time where it was taken."
    for part, head in _HEADS.items():
        if part in found:
            sections += [f"## {head}", _where(found[part]["machine"]), _table(found[part]["rows"])]
    if "sizes" in found:
        _plot_sizes(found["sizes"]["rows"])
        sections.append("![Time and memory against megapixels](engine_sizes.png)")
    if "halo" in found:
        _plot_halo(found["halo"]["rows"])
        sections += [
            "## Halo",
            _halo_words(found["halo"]["rows"]),
            "![Error against context](engine_halo.png)",
        ]
    (RESULTS / "engine.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _files() -> list[Path]:
    return sorted(RESULTS.glob("engine_*.json"))


def _where(machine: dict[str, Any]) -> str:
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, "
        f"torch {machine['torch']}; load of the machine at the end {machine['load_1_min']}."
    )


def _table(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row.get(name, "")) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _halo_words(rows: list[dict[str, Any]]) -> str:
    words = [
        "Largest difference between a tile's rendering and the whole photo's, in levels of 255, among pixels "
        "at least so far from the tile's border. Of the context, all but the last 8 pixels have no weight."
    ]
    for model, halo in dict.fromkeys((row["model"], row["halo"]) for row in rows):
        own = [row for row in rows if row["model"] == model]
        worst = {at: max(r["levels"] for r in own if r["distance"] == at) for at in (0, 24, 40, 48, 56, 64)}
        found = ", ".join(f"{levels:.2g} at {at} pixels" for at, levels in worst.items())
        words.append(f"`{model}`, whose tiles read {halo} pixels of context: {found}.")
    return "\n\n".join(words)


def _plot_sizes(rows: list[dict[str, Any]]) -> None:
    import matplotlib.pyplot as plt

    megapixels = [row["megapixels"] for row in rows]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.loglog(megapixels, [row["processor_s"] for row in rows], "o-", label="processor time")
    left.loglog(megapixels, [row["wall_s"] for row in rows], "s--", label="wall time")
    left.set(xlabel="megapixels", ylabel="seconds")
    left.legend()
    buffers = [2 * 12e6 * size / 2**30 for size in megapixels]
    right.plot(megapixels, [row["peak_gib"] for row in rows], "o-", label="peak of the process")
    right.plot(megapixels, buffers, "k:", label="photo and rendering alone")
    right.set(xlabel="megapixels", ylabel="GiB", ylim=(0, None))
    right.legend()
    figure.savefig(RESULTS / "engine_sizes.png", dpi=110)
    plt.close(figure)


def _plot_halo(rows: list[dict[str, Any]]) -> None:
    import matplotlib.pyplot as plt

    cases = list(dict.fromkeys((row["model"], row["halo"]) for row in rows))
    size = (5.5 * len(cases), 3.8)
    figure, axes = plt.subplots(1, len(cases), figsize=size, sharey=True, layout="constrained")
    for axis, (model, halo) in zip(axes, cases, strict=True):
        own = [row for row in rows if row["model"] == model]
        for name in dict.fromkeys(row["photo"] for row in own):
            for temperature, style in ((0.0, "-"), (0.8, "--")):
                some = [row for row in own if (row["photo"], row["temperature"]) == (name, temperature)]
                axis.semilogy(
                    [row["distance"] for row in some],
                    [max(row["levels"], 1e-5) for row in some],
                    style,
                    label=f"{name}, temperature {temperature:g}",
                )
        axis.axhline(1, color="k", lw=0.8)
        axis.axvline(halo - 8, color="k", lw=0.8, ls=":")
        axis.set(title=model, xlabel="distance from the read border, pixels")
    axes[0].set_ylabel("largest error, levels of 255")
    axes[0].legend(fontsize=7)
    figure.savefig(RESULTS / "engine_halo.png", dpi=110)
    plt.close(figure)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
