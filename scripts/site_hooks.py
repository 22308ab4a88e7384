"""Hooks of mkdocs that insert model cards, figures and measurements into pages.

Pages contain ``{{name}}``; names are the functions of `_PARTS` and the keys of ``docs/images/figures.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llflow_photo.flow import SIZES, Size, UNetSize

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
RESULTS = ROOT / "benchmarks" / "results"
PLOTS = "images/benchmarks"
SCREENSHOTS = {
    "preview": "The photo with its preview, and the panel.",
    "renderings": "*Draw variations* shows nine renderings to choose from; a click selects one.",
    "interpolation": "A slider moves between two renderings.",
    "disagreement": "Where the renderings disagree, as a layer.",
    "split": "Before and after, separated by a line that can be dragged.",
    "applied": "The result at full size, as a new layer.",
    "folder": "The photos of a folder as a filmstrip; a click opens one.",
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace a page's fields, and convert its formulas to MathML, which browsers render without scripts.

    Raises:
        KeyError: a field has no value.
    """
    filled = re.sub(r"\{\{(\w+)\}\}", lambda field: _value(field[1]), markdown)
    parts = re.split(
        r"(^```.*?^```|`[^`\n]+`)", filled, flags=re.M | re.S
    )  # the odd parts are code, where $ is literal
    return "".join(part if number % 2 else _with_formulas(part) for number, part in enumerate(parts))


def _with_formulas(markdown: str) -> str:
    """Convert LaTeX, ``$$...$$`` as blocks and ``$...$`` inline, to MathML."""
    apart = re.sub(r"\$\$(.+?)\$\$", lambda formula: _mathml(formula[1], "block"), markdown, flags=re.S)
    return re.sub(r"(?<!\\)\$([^$\n]+?)\$", lambda formula: _mathml(formula[1], "inline"), apart)


def _mathml(latex: str, display: str) -> str:
    from latex2mathml.converter import convert

    return convert(" ".join(latex.split()), display=display).replace("\n", " ")


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add the benchmarks' plots to the images of the site."""
    from mkdocs.structure.files import File

    for path in sorted(RESULTS.glob("*")):
        if path.suffix in (".png", ".svg", ".jpg"):
            files.append(File.generated(config, f"{PLOTS}/{path.name}", abs_src_path=str(path)))
    return files


def _value(name: str) -> str:
    if name in _PARTS:
        return _PARTS[name]()
    return str(json.loads((IMAGES / "figures.json").read_text(encoding="utf-8"))[name])


def cards() -> str:
    """A section for each shipped model."""
    folder = ROOT / "llflow_photo" / "models"
    return "\n\n".join(_card(path) for path in sorted(folder.glob("*.json")))


def _card(path: Path) -> str:
    card = json.loads(path.read_text(encoding="utf-8"))
    scores = card["validation"]
    exposures, ratios = (
        " to ".join(map(str, card["inputs"].get(name, ()))) for name in ("exposure_ev", "channel_ratio")
    )
    rows = {
        "file": f"{path.with_suffix('.safetensors').stat().st_size / 1e6:.1f} MB",
        "license": card["licence"],
        "trained on": card["data"],
        "steps": card["iterations"],
        "network": described(Size.from_dict(card["size"])),
        "held-out PSNR": _scores(scores, "psnr", " dB"),
        "held-out SSIM on gray": _scores(scores, "ssim_gray", ""),
        "exposure of its training inputs": f"{exposures} EV" if exposures else "",
        "ratio of the channels in them": ratios,
        "reproduce the scores": f"`{card['reproduce']}`",
        "SHA-256": f"`{card['sha256']}`",
        "notes": card["notes"],
    }
    shown = ((key, value) for key, value in rows.items() if str(value).strip("`"))
    return f"## {card['name']}\n\n" + _table(("", ""), shown)


def _scores(scores: Mapping[str, float], name: str, unit: str) -> str:
    if name not in scores:
        return ""
    return f"{scores[name]:.4g}{unit} as is, {scores[f'{name}_aligned']:.4g}{unit} aligned"


def gallery() -> str:
    """A strip for each sample photo, with its description from the README of its folder."""
    measured = json.loads((IMAGES / "gallery" / "gallery.json").read_text(encoding="utf-8"))
    readme = (ROOT / "sample_images" / "README.md").read_text(encoding="utf-8")
    about = {row[0].strip("`"): row for row in _rows_of(readme)}
    parts = []
    for name, numbers in measured.items():
        _, _, what, license_line, *_ = about[name]
        image = f"![{name}: as developed, best guess, two others](images/gallery/{Path(name).stem}.jpg)"
        exposure = f"{numbers['ev_before']} EV before and {numbers['ev_after']} EV after"
        values = f"{numbers['size']}, mean exposure {exposure}, model `{numbers['model']}`"
        text = f"{what[0].upper()}{what[1:]}. {values}. Picture by {license_line}."
        parts.append(f"## {name}\n\n{image}\n\n{text}")
    return "\n\n".join(parts)


def _rows_of(markdown: str) -> Iterable[list[str]]:
    for line in markdown.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def napari() -> str:
    """The screenshots of the plugin, and the table of timings."""
    parts = []
    for name, caption in SCREENSHOTS.items():
        if (IMAGES / "napari" / f"{name}.jpg").is_file():
            parts.append(f"![{caption}](../images/napari/{name}.jpg)\n\n{caption}")
    timings = json.loads((IMAGES / "napari" / "timings.json").read_text(encoding="utf-8"))
    parts.append(_table(("step", "seconds"), ((step, f"{value:.2g}") for step, value in timings.items())))
    return "\n\n".join(parts)


def sizes() -> str:
    """Rows of the table of network sizes."""
    import torch

    from llflow_photo.flow import LLFlow

    rows = []
    for name, size in SIZES.items():
        with torch.device("meta"):
            count = sum(parameter.numel() for parameter in LLFlow(size).parameters())
        steps = ", ".join(map(str, size.steps))
        rows.append(f"| `{name}` | {encoder_of(size)} | {steps} | {count / 1e6:.2f} M |")
    return "\n".join(rows)


def described(size: Size) -> str:
    """A description of a network."""
    steps = "+".join(map(str, size.steps))
    return f"{encoder_of(size)}; flow: steps {steps}, hidden channels {size.hidden}"


def encoder_of(size: Size) -> str:
    """A description of an encoder."""
    encoder = size.encoder
    if isinstance(encoder, UNetSize):
        lists = [f"{name} {'+'.join(map(str, getattr(encoder, name)))}" for name in ("widths", "down", "up")]
        return f"U-Net: {', '.join(lists)}"
    return f"dense: features {encoder.features}, growth {encoder.growth}, blocks {encoder.blocks}"


def operations() -> str:
    """Rows of the table of operations."""
    from llflow_photo.engine.costs import flops_per_pixel

    rows = []
    for name, size in SIZES.items():
        photo, rendering = flops_per_pixel(size)
        share = rendering / (photo + rendering)
        rows.append(f"| `{name}` | {photo / 1e6:.2f} M | {rendering / 1e6:.3f} M | {share:.1%} |")
    return "\n".join(rows)


def performance() -> str:
    """The tables and plots of ``benchmarks/results``, one section per file, with headings one level lower."""
    parts = []
    for path in sorted(RESULTS.glob("*.md")):
        text = re.sub(r"^#", "##", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        parts.append(re.sub(r"\]\((\w+\.(?:png|svg|jpg))\)", rf"]({PLOTS}/\1)", text))
    return "\n\n".join(parts) or "There are no measurements in `benchmarks/results/` yet."


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


_PARTS: dict[str, Callable[[], str]] = {
    part.__name__: part for part in (cards, gallery, napari, operations, performance, sizes)
}
