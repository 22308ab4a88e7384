"""Scores of held-out photos with and without the post-processing controls.

``python benchmarks/finish_effect.py PHOTOS [--model NAME]``: ten held-out photos of a folder of clean photos,
512 pixels wide, in simulated nights, rendered with texture, local exposure and color smoothing at 0 and by
default, look neutral. Printed are PSNR in dB, as is / brightness-aligned, and edges: the mean step between
neighboring pixels' luma, of the reference's, brightness-aligned.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from llflow_photo import Options, enhance
from llflow_photo.evaluation.metrics import align_brightness, gray
from llflow_photo.evaluation.night import WELL_EXPOSED, evaluate_night
from llflow_photo.options import DEFAULT_MODEL
from llflow_photo.training.photos import find_photos, load_photos, split_photos

PHOTOS, HELD_OUT, LONGEST = 10, 24, 512
NIGHTS = (((-3.0, "daylight"), 0.0004), ((-5.0, "tungsten"), 0.0004), ((-4.0, "daylight"), 0.004))
METHODS = {"without": {"texture": 0.0, "local_exposure": 0.0, "color_smoothing": 0.0}, "default": {}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder of clean photos")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    args = parser.parse_args()
    held_out = split_photos(find_photos(args.photos), HELD_OUT)[1]
    paths = held_out[:: max(1, len(held_out) // PHOTOS)][:PHOTOS]
    photos = {path.name: scaled(photo) for path, photo in zip(paths, load_photos(paths), strict=True)}
    lines = ["| night | without | default | edges without | edges by default |", "|---|---|---|---|---|"]
    for condition, shot in NIGHTS:
        found = measure(photos, condition, shot, args.model)
        names = [name for name in found if name != WELL_EXPOSED]
        if (condition, shot) == NIGHTS[-1]:
            names.append(WELL_EXPOSED)  # the same for all nights
        for name in names:
            scores, edges = found[name]
            label = name if name == WELL_EXPOSED else f"{name}, shot noise {shot:g}"
            lines.append(f"| {label} | {' | '.join(scores)} | {' | '.join(edges)} |")
    sys.stdout.write("\n".join(lines) + "\n")


def scaled(photo: np.ndarray) -> np.ndarray:
    """The photo, its longer side at most 512 pixels."""
    image = Image.fromarray(photo)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.BICUBIC)
    return np.asarray(image)


def measure(
    photos: dict[str, np.ndarray], condition: tuple[float, str], shot: float, model: str
) -> dict[str, tuple[list[str], list[str]]]:
    """Scores and edges of the methods by condition, formatted."""
    renderings: dict[str, list[np.ndarray]] = defaultdict(list)

    def renderer(name: str) -> Callable[[Path], np.ndarray]:
        options = Options(model=model, look="neutral", **METHODS[name])

        def render(path: Path) -> np.ndarray:
            renderings[name].append(enhance(path, options=options))
            return renderings[name][-1]

        return render

    rows = evaluate_night(
        photos,
        {name: renderer(name) for name in METHODS},
        conditions=[condition],
        shot=shot,
        progress=lambda message: sys.stderr.write(f"{message}\n"),
    )
    clean = [photo.astype(np.float32) / 255.0 for photo in photos.values()]
    # Of each photo, the night and the well-exposed photo alternate.
    edges = {
        name: [np.mean([_edges(*pair) for pair in zip(made[part::2], clean, strict=True)]) for part in (0, 1)]
        for name, made in renderings.items()
    }
    found: dict[str, tuple[list[str], list[str]]] = {}
    for row in rows:
        scores, of_edges = found.setdefault(row.condition, ([], []))
        scores.append(f"{row.psnr:.2f} / {row.psnr_aligned:.2f}")
        of_edges.append(f"{edges[row.method][row.condition == WELL_EXPOSED]:.2f}")
    return found


def _edges(rendering: np.ndarray, clean: np.ndarray) -> float:
    """Mean step between neighboring pixels, of the reference's."""
    steps = [
        np.mean([np.abs(np.diff(gray(image), axis=axis)).mean() for axis in (0, 1)])
        for image in (align_brightness(rendering, clean), clean)
    ]
    return float(steps[0] / steps[1])


if __name__ == "__main__":
    main()
