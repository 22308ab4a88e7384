"""Make the plugin's sample photos: smaller versions of those in ``sample_images``, from the same sources.

    python napari_plugin/sample_data/generate.py wallpapers/usr/share/backgrounds

See ``sample_images/generate.py`` for the source of the wallpapers. The same sources give the same files.
"""

from __future__ import annotations

import runpy
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
SMALLER = {
    "valley-moonlight.dng": ("night_raw.dng", 840),
    "rocket-launch.jpg": ("night_lamps.jpg", 640),
}


def main() -> None:
    large = runpy.run_path(str(HERE.parents[1] / "sample_images" / "generate.py"))
    for seed, sample in enumerate(large["SAMPLES"]):
        if sample.name in SMALLER:
            name, width = SMALLER[sample.name]
            large["make"](replace(sample, name=name, width=width), Path(sys.argv[1]), HERE, seed)


if __name__ == "__main__":
    main()
