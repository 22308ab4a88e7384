"""Scale the screenshots of ``drive_napari.py`` for the docs: ``python scripts/screenshots.py SHOTS``."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from PIL import Image
from site_hooks import IMAGES, SCREENSHOTS

WIDTH = 1200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shots", type=Path, help="folder of NN_NAME.png")
    arguments = parser.parse_args()
    target = IMAGES / "napari"
    target.mkdir(parents=True, exist_ok=True)
    for name in SCREENSHOTS:
        (shot,) = arguments.shots.glob(f"[0-9][0-9]_{name}.png")
        image = Image.open(shot).convert("RGB")
        height = round(image.height * WIDTH / image.width)
        image.resize((WIDTH, height), Image.Resampling.LANCZOS).save(target / f"{name}.jpg", quality=80)
    shutil.copyfile(arguments.shots / "timings.json", target / "timings.json")


if __name__ == "__main__":
    main()
