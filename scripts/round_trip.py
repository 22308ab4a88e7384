"""Measure the changes of a round trip at strength 0, by color space and bit depth.

    python scripts/round_trip.py

Photos that contain every code of their bit depth (as floats also values below black and above white) are
written, enhanced at strength 0 by the complete pipeline, network included, and read again. The table is put
into ``docs/how-to/raw.md``, between the markers.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from llflow_photo import Options, Photo, enhance_file, load_enhancer
from llflow_photo.color.spaces import REC2020_LINEAR, SPACES, ColorSpace
from llflow_photo.files import Encoding, read, write
from llflow_photo.options import DEFAULT_MODEL

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "raw.md"
BEGIN, END = "<!-- round trip -->\n", "<!-- end of round trip -->"
SIDE = 256
KINDS = (("png", 8), ("tiff", 8), ("png", 16), ("tiff", 16), ("tiff", 32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    text = "\n".join(table(arguments.model))
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}", encoding="utf-8")


def table(model: str) -> list[str]:
    """Lines of a Markdown table: the largest difference, in codes, or as a value for floats."""
    names = [f"{name.upper()} {depth}" + (" float" if depth == 32 else " bit") for name, depth in KINDS]
    lines = [f"| color space | {' | '.join(names)} |", "|---" * (len(KINDS) + 1) + "|"]
    for space in SPACES.values():
        cells = [largest_difference(space, name, depth, model) for name, depth in KINDS]
        lines.append(f"| `{space.name}` | {' | '.join(cells)} |")
    dng = linear_dng_difference(model)
    return [*lines, "", f"Linear DNG, 16 bit: {dng} in linear light, white at 1."]


def largest_difference(space: ColorSpace, name: str, depth: int, model: str) -> str:
    """The largest difference over all pixels and channels between the files before and after."""
    encoding = Encoding(name, bit_depth=depth, color_space=space.name)
    before, after = _there_and_back(Photo(_every_code(depth), space, depth), encoding, encoding, model)
    if before.bit_depth != after.bit_depth or before.color_space.name != after.color_space.name:
        raise SystemExit(f"{name} {depth} {space.name}: bit depth or color space has changed")
    difference = np.abs(after.pixels.astype(np.float64) - before.pixels).max()
    if depth == 32:
        return f"{difference:.1g}"
    return f"{round(difference * (2**depth - 1))}"


def linear_dng_difference(model: str) -> str:
    """A linear DNG read, enhanced at strength 0, written as one and read again."""
    values = np.random.default_rng(1).uniform(0, 1, (SIDE, SIDE, 3)).astype(np.float32)
    dng = Encoding("dng")
    before, after = _there_and_back(Photo(values, REC2020_LINEAR, 16), dng, dng, model)
    return f"{np.abs(after.pixels.astype(np.float64) - before.pixels).max():.1g}"


def _every_code(depth: int) -> np.ndarray:
    """SIDE x SIDE x 3 float32: each channel holds every code, in an order of its own."""
    generator = np.random.default_rng(depth)
    if depth == 32:
        return generator.uniform(-0.5, 4.0, (SIDE, SIDE, 3)).astype(np.float32)
    codes = np.arange(SIDE * SIDE) % 2**depth
    channels = [generator.permutation(codes).reshape(SIDE, SIDE) for _ in range(3)]
    return np.stack(channels, axis=2).astype(np.float32) / np.float32(2**depth - 1)


def _there_and_back(photo: Photo, first: Encoding, second: Encoding, model: str) -> tuple[Photo, Photo]:
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "before", Path(folder) / "after"
        write(photo, source, first)
        options = Options(model=model, strength=0.0)
        enhance_file(source, result, options, second, enhancer=load_enhancer(model))
        return read(source), read(result)


if __name__ == "__main__":
    main()
