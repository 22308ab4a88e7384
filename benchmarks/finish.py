"""Time of the post-processing controls as a share of the network's.

``python benchmarks/finish.py [--photo PHOTO]... [--longest PIXELS] [--model NAME]``: each photo, by default
those of ``sample_images`` with lamps, is rendered once by the network and finished with no control and with
each by itself. Printed is the processor time on one thread, the least of several runs, in seconds, and as a
share of the network's.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from llflow_photo import Options, Photo, load_enhancer
from llflow_photo.color.working import to_network
from llflow_photo.engine import Latent
from llflow_photo.explore.region import resample, visible_region
from llflow_photo.files import read
from llflow_photo.finish import PhotoAnalysis, finished, without_specks
from llflow_photo.options import DEFAULT_MODEL

SAMPLES = Path(__file__).resolve().parent.parent / "sample_images"
OFF = Options(
    texture=0,
    local_exposure=0,
    color_smoothing=0,
    remove_specks=False,
    look="neutral",
    protect_highlights=False,
)
CONTROLS = {
    "texture": {"texture": 0.6},
    "local exposure": {"local_exposure": 0.6},
    "color smoothing": {"color_smoothing": 1.0},
    "lamps": {"protect_highlights": True},
    "look": {"look": "standard"},
    "all five": {
        "texture": 0.6,
        "local_exposure": 0.6,
        "color_smoothing": 1.0,
        "protect_highlights": True,
        "look": "standard",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, action="append", help="by default two of the samples")
    parser.add_argument("--longest", type=int, help="longer side of the photos, pixels")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--runs", type=int, default=3, help="runs of each control")
    args = parser.parse_args()
    torch.set_num_threads(1)
    photos = args.photo or [SAMPLES / "moonrise-12mp.jpg", SAMPLES / "sodium-lane.jpg"]
    names = ["network", "analysis", "specks", *CONTROLS]
    lines = [f"| photo | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for path in photos:
        photo = read(path)
        if args.longest:
            photo = smaller(photo, args.longest)
        seconds = times(photo, args.model, args.runs)
        size = f"{path.stem}, {photo.width} x {photo.height}"
        lines.append(f"| {size}, s | " + " | ".join(f"{seconds[name]:.3f}" for name in names) + " |")
        shares = (seconds[name] / seconds["network"] for name in names)
        lines.append(f"| {size}, share | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    sys.stdout.write("\n".join(lines) + "\n")


def smaller(photo: Photo, longest: int) -> Photo:
    """The photo, scaled down."""
    shape, most = (photo.height, photo.width), longest**2 * photo.height // photo.width
    return photo.with_pixels(resample(photo.pixels, visible_region(shape, ((0, 0), shape), most_pixels=most)))


def times(photo: Photo, model: str, runs: int) -> dict[str, float]:
    """Processor time of each part, seconds; of controls, beyond that of a finish without any."""
    enhancer = load_enhancer(model, device="cpu")
    view, residual = to_network(photo)
    rendering, seconds = view, {}

    def network() -> None:
        nonlocal rendering
        rendering = enhancer.encode(view).decode(Latent(0))

    seconds["network"] = least(network, min(runs, 2))
    seconds["analysis"] = least(lambda: PhotoAnalysis.of(photo), runs)
    seconds["specks"] = least(lambda: without_specks(photo), runs)
    analysis = PhotoAnalysis.of(photo)
    # Alternating, so that other work on the machine affects all alike.
    options = {"none": OFF} | {name: OFF.with_changes(**changes) for name, changes in CONTROLS.items()}
    measured: dict[str, list[float]] = {name: [] for name in options}
    for _ in range(runs):
        for name, some in options.items():
            measured[name].append(least(lambda some=some: finished(rendering, residual, some, analysis), 1))
    for name in CONTROLS:
        seconds[name] = min(measured[name]) - min(measured["none"])
    return seconds


def least(work: Callable[[], object], runs: int) -> float:
    """The least processor time of several runs, seconds."""
    taken = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


if __name__ == "__main__":
    main()
