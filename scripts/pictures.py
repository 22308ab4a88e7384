"""Draw the README's picture: ``python scripts/pictures.py [--model NAME]``.

``docs/images/overview.jpg`` shows a dark frame, the model's best guess and three renderings of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import llflow_photo

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 240


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=None)
    parser.add_argument("--photo", type=Path, default=ROOT / "sample_images" / "valley-moonlight.dng")
    parser.add_argument("--temperature", type=float, default=0.8)
    arguments = parser.parse_args()
    photo, model = arguments.photo, arguments.model
    before = llflow_photo.enhance(photo, strength=0.0, model=model)
    guess = llflow_photo.enhance(photo, model=model)
    others = llflow_photo.enhance(photo, temperature=arguments.temperature, samples=3, seed=1, model=model)
    panels = [_panel(picture) for picture in (before, guess, *others)]
    target = ROOT / "docs" / "images" / "overview.jpg"
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(panels, axis=1)).save(target, quality=88)


def _panel(picture: np.ndarray) -> np.ndarray:
    """Convert H x W x 3 float in [0, 1] to uint8, scaled to WIDTH pixels."""
    image = Image.fromarray(np.rint(picture * 255.0).astype(np.uint8))
    height = round(image.height * WIDTH / image.width)
    return np.asarray(image.resize((WIDTH, height), Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
