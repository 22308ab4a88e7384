"""Make the documentation's gallery of ``sample_images/``: ``python scripts/gallery.py [--model NAME]``.

Writes one strip per sample to ``docs/images/gallery/``: the photo as developed, the best guess, and two other
looks; ``gallery.json`` has the measured values.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from llflow_photo import Options, Photo, load_enhancer
from llflow_photo.api import rendering_of
from llflow_photo.color.light_samples import KnownLight
from llflow_photo.color.mean_exposure import mean_exposure_ev
from llflow_photo.color.spaces import SRGB, convert, decode
from llflow_photo.color.working import to_network
from llflow_photo.files import is_photo, read
from llflow_photo.options import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images" / "gallery"
STRIP = 1200
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--only", default="", help="part of a file name")
    arguments = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    table = TARGET / "gallery.json"
    numbers = json.loads(table.read_text()) if table.is_file() and arguments.only else {}
    for photo in sorted((ROOT / "sample_images").iterdir()):
        if is_photo(photo) and arguments.only in photo.name:
            numbers[photo.name] = {"model": arguments.model, **make_strip(photo, arguments.model)}
            table.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


def make_strip(photo: Path, model: str) -> dict[str, str]:
    """Write the strip of one photo; return its size and mean exposure before and after."""
    as_read = read(photo)
    view, residual = to_network(as_read)
    encoded = load_enhancer(model).encode(view, known=KnownLight.of(as_read))
    before = srgb_of(as_read)
    guess = srgb_of(rendering_of(encoded, residual, Options(), 0))
    varied = Options(temperature=0.8)
    others = [srgb_of(rendering_of(encoded, residual, varied, seed)) for seed in (1, 2)]
    panels = [_panel(picture) for picture in (before, guess, *others)]
    strip = Image.fromarray(np.concatenate(panels, axis=1))
    strip.save(TARGET / f"{photo.stem}.jpg", quality=85)
    evs = [mean_exposure_ev(decode(picture, "srgb") @ LUMINANCE) for picture in (before, guess)]
    return {
        "size": f"{before.shape[1]}x{before.shape[0]}",
        "ev_before": f"{evs[0]:.1f}",
        "ev_after": f"{evs[1]:.1f}",
    }


def srgb_of(photo: Photo) -> np.ndarray:
    """H x W x 3, float32, sRGB-encoded, in [0, 1]."""
    return np.clip(convert(photo.pixels, photo.color_space, SRGB), 0.0, 1.0)


def _panel(picture: np.ndarray) -> np.ndarray:
    """Convert H x W x 3 float in [0, 1] to uint8, scaled to a quarter of the strip's width."""
    image = Image.fromarray(np.rint(picture * 255.0).astype(np.uint8))
    size = (STRIP // 4, round(image.height * STRIP / 4 / image.width))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
