"""Detection of artifacts by the gradient activation map, and likelihoods of images with equal L1 distance.

    python benchmarks/findings/artifacts.py --lol LOL --photos PHOTOS

Six kinds of artifacts are added to patches of an image: the model's best guess, or the reference, which is
not a rendering of the model. The AUC measures how well the map separates positions in a patch from those
outside all patches. For best guesses, it is compared with the AUC of the absolute error, which needs the
reference.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from finding_parts import report
from finding_parts.datasets import Dataset, Example, datasets, make_parser, network_image
from finding_parts.measures import auc
from matplotlib.patches import Rectangle
from PIL import Image, ImageFilter

from llflow_photo.engine import Latent
from llflow_photo.engine.artifacts import activation_map
from llflow_photo.loading import load_model
from llflow_photo.training.loss import nll_bits

GUESS = "best guess"
SIDE = 64
"""Side of a patch, pixels."""
MARGIN = 24
"""Width of the border around a patch that is ignored, pixels: the map uses windows of 40 pixels."""
L1 = 0.04
"""Mean absolute difference to the reference of the images whose likelihoods are compared."""


def _noise(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return patch + random.normal(0, 0.06, patch.shape)


def _false_color(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    tints = np.array([[1.3, 0.85, 0.85], [0.85, 1.3, 0.85], [0.85, 0.85, 1.3]])
    return patch * tints[random.integers(len(tints))]


def _blur(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    image = Image.fromarray(_eight_bits(patch)).filter(ImageFilter.GaussianBlur(3))
    return np.asarray(image) / 255.0


def _blocks(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(_eight_bits(patch)).save(file, "JPEG", quality=8)
    return np.asarray(Image.open(file)) / 255.0


def _stripes(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    rows = 0.06 * np.sin(np.arange(patch.shape[0]) * (2 * np.pi / 6) + random.uniform(0, 6))
    return patch + rows[:, None, None]


def _brighter(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return patch * 1.25


ARTIFACTS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "noise": _noise,
    "false color": _false_color,
    "blur": _blur,
    "JPEG blocks": _blocks,
    "stripes": _stripes,
    "brighter": _brighter,
}


def _eight_bits(image: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


def places(height: int, width: int, count: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """Upper left corners of ``count`` patches on a jittered grid, no two closer than twice the margin.

    Raises:
        ValueError: the frame is too small for so many.
    """
    cell = SIDE + 2 * MARGIN
    rows, columns = height // cell, width // cell
    if rows * columns < count:
        raise ValueError(f"a frame of {width}x{height} has no room for {count} patches of {SIDE}")
    corners = []
    for index in random.permutation(rows * columns)[:count]:
        row, column = divmod(int(index), columns)
        slack = height // rows - cell, width // columns - cell
        corners.append(
            (
                row * (height // rows) + MARGIN + int(random.integers(slack[0] + 1)),
                column * (width // columns) + MARGIN + int(random.integers(slack[1] + 1)),
            )
        )
    return corners


def with_artifacts(
    picture: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, dict[str, tuple[slice, slice]], np.ndarray]:
    """An image with a patch of every artifact; the patches; and H x W, true outside all patches."""
    altered = picture.astype(np.float32).copy()
    outside = np.ones(picture.shape[:2], bool)
    where = {}
    corners = places(*picture.shape[:2], len(ARTIFACTS), random)
    for (name, change), (top, left) in zip(ARTIFACTS.items(), corners, strict=True):
        patch = slice(top, top + SIDE), slice(left, left + SIDE)
        altered[patch] = np.clip(change(picture[patch], random), 0.0, 1.0)
        outside[max(0, top - MARGIN) : top + SIDE + MARGIN, max(0, left - MARGIN) : left + SIDE + MARGIN] = (
            False
        )
        where[name] = patch
    return altered, where, outside


def measure(dataset: Dataset) -> tuple[list[dict[str, Any]], Any]:
    """A row per artifact and image it is added to; and an example image with its map."""
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    shown = None
    for number, example in enumerate(dataset.examples):
        report.show(f"{dataset.name}: artifacts in {number + 1} of {len(dataset.examples)}, {example.name}")
        encoded = dataset.enhancer.encode(example.dark)
        pictures = {GUESS: encoded.decode(Latent()), "reference": example.reference}
        for kind, picture in pictures.items():
            altered, where, outside = with_artifacts(picture, np.random.default_rng([0, number]))
            heat = activation_map(encoded, altered)
            error = np.abs(altered - example.reference).mean(2)
            for name, patch in where.items():
                of_error = auc(error[patch], error[outside]) if kind == GUESS else float("nan")
                scores = auc(heat[patch], heat[outside]), of_error
                found[name, kind].append((*scores, float(np.abs(altered - picture)[patch].mean())))
            if shown is None:
                shown = altered, heat, where
    rows = [
        {
            "model": dataset.name,
            "weights": dataset.checksum,
            "photos": len(dataset.examples),
            "artifact": name,
            "inserted into": kind,
            "difference": float(np.mean([one[2] for one in scores]) * 255),
            "auc": float(np.mean([one[0] for one in scores])),
            "auc_least": float(np.min([one[0] for one in scores])),
            "auc_absolute_error": float(np.mean([one[1] for one in scores])),
        }
        for (name, kind), scores in found.items()
    ]
    return rows, shown


@torch.inference_mode()
def compare(dataset: Dataset) -> list[dict[str, Any]]:
    """Decrease of the likelihood by changes of the reference with the same L1 distance, bits per pixel."""
    flow = load_model(dataset.model).flow
    lost: dict[str, list[float]] = defaultdict(list)
    for number, example in enumerate(dataset.examples):
        report.show(f"{dataset.name}: likelihoods of {number + 1} of {len(dataset.examples)}, {example.name}")
        conditioning = flow.encode(network_image(example.dark))
        own = float(nll_bits(flow, network_image(example.reference), conditioning))
        for name, picture in equally_far(example, np.random.default_rng([1, number])).items():
            lost[name].append(float(nll_bits(flow, network_image(picture), conditioning)) - own)
    return [
        {
            "model": dataset.name,
            "weights": dataset.checksum,
            "photos": len(dataset.examples),
            "change": name,
            "bits": float(np.median(values)),
            "least": float(np.min(values)),
            "most": float(np.max(values)),
        }
        for name, values in lost.items()
    ]


def equally_far(example: Example, random: np.random.Generator) -> dict[str, np.ndarray]:
    """The reference changed in several ways, each scaled so that the mean absolute difference is `L1`."""
    reference = example.reference
    rows = np.sin(np.arange(reference.shape[0]) * (2 * np.pi / 6))
    changes = {
        "brighter": reference,
        "darker": -reference,
        "warmer": reference * np.array([1.0, 0.0, -1.0]),
        "stripes": np.broadcast_to(rows[:, None, None], reference.shape),
        "noise": random.normal(size=reference.shape),
    }
    return {
        name: (reference + change * (L1 / np.abs(change).mean())).astype(np.float32)
        for name, change in changes.items()
    }


def tables(rows: list[Any], distances: list[Any]) -> None:
    """Write both tables to the documentation."""
    names = [
        "model",
        "photos",
        "artifact",
        "inserted into",
        "difference",
        "auc",
        "auc_least",
        "auc_absolute_error",
    ]
    head = [
        "model",
        "photos",
        "artifact",
        "inserted into",
        "mean difference, of 255",
        "AUC of the map",
        "least",
        "AUC of \\|error\\|",
    ]
    digits = {"difference": 1, "auc": 3, "auc_least": 3, "auc_absolute_error": 3}
    lines = [
        [f"{float(row[name]):.{digits[name]}f}" if name in digits else row[name] for name in names]
        for row in rows
    ]
    lines = [["" if cell == "nan" else cell for cell in line] for line in lines]
    report.put_table("artifacts", report.markdown(head, lines))
    head = ["model", "photos", "change of the reference", "bits per pixel lost, median", "least", "most"]
    lines = [
        [
            row["model"],
            row["photos"],
            row["change"],
            *(f"{float(row[name]):+.2f}" for name in ("bits", "least", "most")),
        ]
        for row in distances
    ]
    report.put_table("distance", report.markdown(head, lines))


def draw(
    dataset: Dataset, altered: np.ndarray, heat: np.ndarray, where: dict[str, tuple[slice, slice]]
) -> None:
    """A best guess with artifacts beside its map."""
    figure, (left, right) = report.plot(2, 9, 3.2)
    left.imshow(altered)
    left.set_title(f"{dataset.name}: best guess with artifacts")
    right.imshow(heat, cmap="inferno", vmin=0, vmax=8)
    right.set_title("activation map, 0 to 8")
    for axis in (left, right):
        axis.set_axis_off()
        for name, (rows, columns) in where.items():
            corner = columns.start, rows.start
            axis.add_patch(Rectangle(corner, SIDE, SIDE, fill=False, edgecolor="white", linewidth=0.6))
            axis.text(corner[0], corner[1] - 4, name, color="white", fontsize=6)
    report.save_jpeg(figure, f"artifacts_{dataset.data.split()[-1].lower()}")


def main() -> None:
    """Run from the command line."""
    arguments = make_parser(__doc__, limit=12).parse_args()
    for dataset in datasets(arguments):
        own, shown = measure(dataset)
        report.keep("artifacts", own)
        report.keep("distance", compare(dataset))
        draw(dataset, *shown)
    tables(report.kept("artifacts"), report.kept("distance"))


if __name__ == "__main__":
    main()
