"""How much a time-lapse flickers, each frame rendered by itself and all as one series.

``python benchmarks/series.py [--photo CLEAN.jpg] [--model NAME]``: a clean photo, by default scikit-image's
coffee cup, is recorded twenty times by the camera simulation, at the same settings, with fresh noise and a
lamp that comes and goes, far or near; the frames are developed and rendered. Printed is the largest step of
mean luma (Rec. 709, of sRGB-encoded values) between successive frames, in 1/255: of all pixels, and of those
that the lamp's light reaches by less than a tenth of a stop.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import llflow_photo
from llflow_photo.camera import develop_many, night, simulate_night_raw
from llflow_photo.camera.light import Lamp, lamp_light
from llflow_photo.camera.simulate import expose, frame_positions, scene_light
from llflow_photo.series import SeriesReference

FRAMES = 20
LIT = (4, 5, 6, 7, 12, 13, 17)
"""Frames in which the lamp is lit."""
WARM = (1.0, 0.75, 0.45)
LAMPS = {
    "far": Lamp(0.3, 0.25, 0.005, 8.0, 0.15, 0.010, WARM),
    "near": Lamp(0.3, 0.25, 0.006, 8.0, 0.25, 0.012, WARM),
}
LUMA = np.array((0.2126, 0.7152, 0.0722))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, help="a clean photo")
    parser.add_argument("--model", action="append", help="by default all that are shipped")
    parser.add_argument("--longest", type=int, default=384, help="longer side of the frames, pixels")
    parser.add_argument("--exposure-ev", type=float, default=-4.0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    lines = [
        "| lamp | model | temperature | frames | largest step | largest step where the lamp does not reach |",
        "|---|---|---:|---|---:|---:|",
    ]
    photo = clean_photo(args.photo, args.longest)
    for lamp, light in LAMPS.items():
        frames, unlit = time_lapse(photo, args.exposure_ev, light)
        for model in args.model or ("night-compact", "lol-compact"):
            for temperature in (0.0, 0.8):
                for name, series in (("each by itself", None), ("one series", reference(frames))):
                    rendered = render(frames, model, temperature, series)
                    steps = [largest_step(rendered, mask) for mask in (np.ones_like(unlit), unlit)]
                    numbers = " | ".join(f"{step:.2f}" for step in steps)
                    lines.append(f"| {lamp} | {model} | {temperature:g} | {name} | {numbers} |")
    sys.stdout.write("\n".join(lines) + "\n")


def clean_photo(path: Path | None, longest: int) -> np.ndarray:
    """H x W x 3, uint8, sRGB-encoded."""
    if path is None:
        from skimage import data

        image = Image.fromarray(data.coffee())
    else:
        image = Image.open(path).convert("RGB")
    image.thumbnail((longest, longest), Image.Resampling.BOX)
    return np.asarray(image)


def time_lapse(photo: np.ndarray, exposure_ev: float, lamp: Lamp) -> tuple[np.ndarray, np.ndarray]:
    """Frames, N x H x W x 3, float32, sRGB-encoded; and where the lamp does not reach, H x W, bool."""
    dark = night(exposure_ev)
    settings = [replace(dark, lamps=(lamp,)) if number in LIT else dark for number in range(FRAMES)]
    generators = [np.random.default_rng(number) for number in range(FRAMES)]
    raws = [simulate_night_raw(photo, *pair) for pair in zip(settings, generators, strict=True)]
    x, y = frame_positions(*photo.shape[:2])
    light = expose(scene_light(photo, dark), dark, x, y) @ LUMA
    added = lamp_light((lamp,), x, y) @ LUMA
    return develop_many(raws), added < light * (2**0.1 - 1)


def reference(frames: np.ndarray) -> SeriesReference:
    """Of nine frames evenly spread, as batches take it."""
    chosen = np.linspace(0, len(frames) - 1, 9).round().astype(int)
    return llflow_photo.series_reference([np.clip(frames[number], 0, 1) for number in chosen])


def render(frames: np.ndarray, model: str, temperature: float, series: SeriesReference | None) -> np.ndarray:
    """The renderings as a batch makes them: one seed, a detail seed for each photo."""
    return np.stack([
        llflow_photo.enhance(
            frame,
            temperature=temperature,
            seed=1,
            detail_seed=100 + number,
            model=model,
            device="cpu",
            series=series,
        )
        for number, frame in enumerate(np.clip(frames, 0, 1))
    ])  # fmt: skip


def largest_step(frames: np.ndarray, mask: np.ndarray) -> float:
    """Of mean luma between successive frames, in 1/255."""
    luma = 255 * (frames @ LUMA)[:, mask].mean(1)
    return float(np.abs(np.diff(luma)).max())


if __name__ == "__main__":
    main()
