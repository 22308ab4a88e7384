"""Whether a low likelihood indicates that a photo is unlike the training data.

    python benchmarks/findings/unusual.py --lol LOL --photos PHOTOS

AUC of several scores for held-out dark photos of the model's own kind against other kinds of images. Since
the flow's density is that of a rendering given a photo, a rendering that is known without a reference is
scored.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from finding_parts import report
from finding_parts.datasets import (
    HELD_OUT,
    LOL,
    LONGEST,
    Dataset,
    datasets,
    evenly,
    make_parser,
    network_image,
)
from finding_parts.kinds import as_dark_as, exposure_ev, noise_picture, screenshot
from finding_parts.measures import auc
from PIL import Image

from llflow_photo.api import read_srgb
from llflow_photo.flow import LLFlow, PhotoStatistics
from llflow_photo.flow.unet import exposed_photo
from llflow_photo.loading import load_model
from llflow_photo.training.loss import nll_bits
from llflow_photo.training.pairs import find_pairs, split_by_scene
from llflow_photo.training.photos import find_photos, load_photos, split_photos
from llflow_photo.training.simulated import validation_pairs

GUESS, ITSELF = "bits of the best guess", "bits of the photo itself"
TYPICAL_GUESS, TYPICAL_ITSELF = f"{GUESS}, distance from usual", f"{ITSELF}, distance from usual"
EXPOSURE = "exposure outside the card's range"
SCORES = (GUESS, TYPICAL_GUESS, ITSELF, TYPICAL_ITSELF, EXPOSURE)
OWN = "dark photos"


@torch.inference_mode()
def bits_of(flow: LLFlow, photo: np.ndarray) -> tuple[float, float]:
    """Bits per pixel of the model's best guess, and of the exposed photo, given the photo."""
    image = network_image(photo)
    conditioning = flow.encode(image)
    guess = flow.decode(conditioning).clamp(0, 1)
    seen = _exposed(flow, photo, image)
    return float(nll_bits(flow, guess, conditioning)), float(nll_bits(flow, seen, conditioning))


def _exposed(flow: LLFlow, photo: np.ndarray, image: torch.Tensor) -> torch.Tensor:
    """The photo with the exposure of the network's input."""
    thumbnail = PhotoStatistics.of(photo, flow.size).thumbnail
    context = None if thumbnail is None else flow.context(torch.from_numpy(thumbnail)[None])
    return image if context is None else exposed_photo(image, context.gain_ev).encoded


def usual_bits(dataset: Dataset, arguments: argparse.Namespace) -> tuple[float, float]:
    """Medians of `bits_of` over dark photos that the model was trained on."""
    if dataset.data == LOL:
        training = split_by_scene(find_pairs(arguments.lol, "train"), HELD_OUT)[0]
        dark = [read_srgb(pair.low) for pair in evenly(training, arguments.limit)]
    else:
        paths = split_photos(find_photos(arguments.photos), HELD_OUT)[0]
        pairs = validation_pairs(load_photos(evenly(paths, arguments.limit)), longest=LONGEST)
        dark = [pair.low.astype(np.float32) / np.float32(255) for pair in pairs]
    flow = load_model(dataset.model).flow
    first, second = np.median([bits_of(flow, photo) for photo in dark], axis=0)
    return float(first), float(second)


def kinds_of(dataset: Dataset, others: Sequence[Dataset], nights: Path | None) -> dict[str, list[np.ndarray]]:
    """Images by kind; bright ones also darkened to the exposures of the model's own photos."""
    own = [example.dark for example in dataset.examples]
    levels = [exposure_ev(photo) for photo in own]
    shape = own[0].shape[:2]
    random = np.random.default_rng(0)
    bright = {
        "daylight": [example.reference for example in dataset.examples],
        "screenshots": [screenshot(random, *shape) for _ in own],
        "noise": [noise_picture(random, *shape) for _ in own],
    }
    kinds = {OWN: own, **bright}
    for name in ("screenshots", "noise"):
        kinds[f"{name}, darkened"] = [
            as_dark_as(image, level) for image, level in zip(bright[name], levels, strict=True)
        ]
    for other in others:
        if other is not dataset:
            kinds[other.data] = [example.dark for example in other.examples]
    if nights is not None:
        kinds["real nights"] = [_small(path) for path in find_photos(nights)]
    return kinds


def _small(path: Path) -> np.ndarray:
    image = Image.fromarray(np.rint(read_srgb(path) * 255).astype(np.uint8))
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32) / np.float32(255)


def measure(
    dataset: Dataset, kinds: dict[str, list[np.ndarray]], usual: tuple[float, float]
) -> list[dict[str, Any]]:
    """A row per kind and photo, with every score; a higher score is a stronger warning."""
    model = load_model(dataset.model)
    low, high = model.card.inputs.get("exposure_ev", (float("nan"), float("nan")))
    rows = []
    for kind, photos in kinds.items():
        report.show(f"{dataset.name}: {len(photos)} pictures of {kind}")
        for photo in photos:
            guess, itself = bits_of(model.flow, photo)
            ev = exposure_ev(photo)
            rows.append(
                {
                    "model": dataset.name,
                    "weights": dataset.checksum,
                    "kind": kind,
                    GUESS: guess,
                    TYPICAL_GUESS: abs(guess - usual[0]),
                    ITSELF: itself,
                    TYPICAL_ITSELF: abs(itself - usual[1]),
                    EXPOSURE: max(0.0, low - ev, ev - high),
                }
            )
    return rows


def _by_kind(rows: list[Any], model: str, score: str) -> dict[str, np.ndarray]:
    found = defaultdict(list)
    for row in rows:
        if row["model"] == model:
            found[row["kind"]].append(float(row[score]))
    return {kind: np.array(values) for kind, values in found.items()}


def table(rows: list[Any]) -> str:
    """AUC of each score for the own dark photos against each other kind, and medians of the bits."""
    head = ["model", "against", "pictures", *SCORES, "median bits of the guess"]
    lines = []
    for model in sorted({row["model"] for row in rows}):
        by_score = {score: _by_kind(rows, model, score) for score in SCORES}
        for kind, bits in by_score[GUESS].items():
            shown = (
                ["" for _ in SCORES]
                if kind == OWN
                else [f"{auc(found[kind], found[OWN]):.2f}" for found in by_score.values()]
            )
            lines.append([model, kind, len(bits), *shown, f"{np.median(bits):.2f}"])
    return report.markdown(head, lines)


def draw(rows: list[Any]) -> None:
    """Bits of the best guess by kind, a dot per image."""
    models = sorted({row["model"] for row in rows})
    figure, axes = report.plot(len(models), 4.8 * len(models), 3.2)
    for axis, model in zip(axes, models, strict=True):
        found = _by_kind(rows, model, GUESS)
        for place, (kind, bits) in enumerate(found.items()):
            color = report.COLORS[1] if kind == OWN else report.COLORS[0]
            axis.plot(bits, np.full(len(bits), -place), ".", color=color, alpha=0.6)
        axis.set_yticks([-place for place in range(len(found))], list(found))
        axis.set(title=model, xlabel=f"{GUESS}, per pixel")
    report.save(figure, "unusual")


def main() -> None:
    """Run from the command line."""
    parser = make_parser(__doc__, limit=12)
    parser.add_argument("--nights", type=Path, help="folder of real night photos, another kind")
    arguments = parser.parse_args()
    selected = datasets(arguments)
    for dataset in selected:
        kinds = kinds_of(dataset, selected, arguments.nights)
        report.keep("unusual", measure(dataset, kinds, usual_bits(dataset, arguments)))
    rows = report.kept("unusual")
    report.put_table("unusual", table(rows))
    draw(rows)


if __name__ == "__main__":
    main()
