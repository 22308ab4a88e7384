"""Comparison of a photographed ColorChecker with its published colors, as developed and as enhanced.

``python benchmarks/colorchart.py chart.dng --corners X,Y X,Y [--model NAME]``: the corners are the centers of
the first patch (dark skin) and of the last one (black), of an upright chart. The result is what a
model does to colors, not the light of the scene: the image is balanced on the gray patch "neutral 6.5" and
scaled to its lightness before the comparison. The look is neutral; all other controls have their defaults.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from llflow_photo import Options, load_enhancer
from llflow_photo.api import renderings
from llflow_photo.color.spaces import LINEAR_SRGB, SRGB, convert, xyz_matrix
from llflow_photo.files import read
from llflow_photo.options import DEFAULT_MODEL

# CIELAB of the 24 patches, D50, 2 degrees, published by the manufacturer for charts before November 2014.
PUBLISHED = np.array([
    (37.986, 13.555, 14.059), (65.711, 18.130, 17.810), (49.927, -4.880, -21.925), (43.139, -13.095, 21.905),
    (55.112, 8.844, -25.399), (70.719, -33.397, -0.199), (62.661, 36.067, 57.096), (40.020, 10.410, -45.964),
    (51.124, 48.239, 16.248), (30.325, 22.976, -21.587), (72.532, -23.709, 57.255), (71.941, 19.363, 67.857),
    (28.778, 14.179, -50.297), (55.261, -38.342, 31.370), (42.101, 53.378, 28.190), (81.733, 4.039, 79.819),
    (51.935, 49.986, -14.574), (51.038, -28.631, -28.638), (96.539, -0.425, 1.186), (81.257, -0.638, -0.335),
    (66.766, -0.734, -0.504), (50.867, -0.153, -0.270), (35.656, -0.421, -1.231), (20.461, -0.079, -0.973),
])  # fmt: skip
NEUTRAL_65, GRAYS, REACH = 20, slice(18, 24), 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--corners", nargs=2, required=True, metavar="X,Y")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    corners = [tuple(float(number) for number in corner.split(",")) for corner in arguments.corners]
    photo = read(arguments.photo)
    options = Options(model=arguments.model, look="neutral")
    (enhanced,) = renderings(photo, options, load_enhancer(arguments.model))
    (denoised,) = renderings(photo, options.with_changes(denoise_only=True), load_enhancer(arguments.model))
    lines = ["| | dE | dC | hue, degrees | chroma of grays | lightness of grays |", "|---" * 6 + "|"]
    for name, one in (("as developed", photo), ("denoise_only", denoised), ("enhanced", enhanced)):
        lines.append(row(name, patches(convert(one.pixels, one.color_space, LINEAR_SRGB), corners)))
    sys.stdout.write("\n".join(lines) + "\n")


def patches(linear: np.ndarray, corners: list[tuple[float, ...]]) -> np.ndarray:
    """24 x 3: mean linear sRGB of the centers of the patches."""
    (left, top), (right, bottom) = corners
    return np.array(
        [
            linear[int(y) - REACH : int(y) + REACH, int(x) - REACH : int(x) + REACH].mean(axis=(0, 1))
            for y in np.linspace(top, bottom, 4)
            for x in np.linspace(left, right, 6)
        ]
    )


def row(name: str, colors: np.ndarray) -> str:
    """Mean differences of CIELAB 1976 over the patches; hue over the 18 chromatic ones."""
    gray = colors[NEUTRAL_65]
    balanced = colors / gray * float(((PUBLISHED[NEUTRAL_65, 0] + 16) / 116) ** 3)
    seen = lab(balanced)
    difference = seen - PUBLISHED
    hues = [np.degrees(np.arctan2(values[:18, 2], values[:18, 1])) for values in (seen, PUBLISHED)]
    turned = np.abs((hues[0] - hues[1] + 180) % 360 - 180)
    chroma, lightness = np.hypot(seen[GRAYS, 1], seen[GRAYS, 2]), seen[GRAYS, 0]
    cells = [
        f"{np.linalg.norm(difference, axis=1).mean():.1f}",
        f"{np.linalg.norm(difference[:, 1:], axis=1).mean():.1f}",
        f"{turned.mean():.1f}",
        " ".join(f"{value:.1f}" for value in chroma),
        " ".join(f"{value:.0f}" for value in lightness),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def lab(linear: np.ndarray) -> np.ndarray:
    """CIELAB of linear sRGB, white (1, 1, 1); CIE 15:2004."""
    matrix = xyz_matrix(SRGB)
    ratio = (linear @ matrix.T) / matrix.sum(axis=1)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


if __name__ == "__main__":
    main()
