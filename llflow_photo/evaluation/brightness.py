"""Does the ``brightness`` option do what it says? Rank correlation of mean luminance with its setting.

python -m llflow_photo.evaluation.brightness LOL/our485 --held-out 24 --model lol-compact
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..color.spaces import SRGB, decode, luminance_weights
from ..color.working import to_network
from ..errors import EmptyFolderError, NonFiniteOutputError

if TYPE_CHECKING:
    from ..engine import EncodedPhoto
    from ..engine.latent import AnyLatent

__all__ = [
    "SETTINGS",
    "BrightnessRow",
    "luminance_of",
    "measure_brightness",
    "spearman",
]

SETTINGS = np.linspace(-2.0, 1.0, 13)
"""Values of ``brightness`` that are measured, EV."""
_LONGEST = 384


@dataclass(frozen=True)
class BrightnessRow:
    """One photo.

    Attributes:
        photo: its name.
        spearman: rank correlation of mean luminance with the setting, -1 to 1.
        darkest_ev: least mean luminance relative to the rendering at brightness 0, EV.
        brightest_ev: the largest, likewise.
        failed: settings that gave no finite picture.
    """

    photo: str
    spearman: float
    darkest_ev: float
    brightest_ev: float
    failed: int


def spearman(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> float:
    """Spearman's rank correlation, ties at their mean rank; nan where one does not vary."""
    one, two = _ranks(np.asarray(first)), _ranks(np.asarray(second))
    if one.std() == 0 or two.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, two)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[group], float)


def measure_brightness(encoded: EncodedPhoto, name: str) -> BrightnessRow:
    """One encoded photo at every one of `SETTINGS`."""
    from ..engine.latent import Latent

    start = luminance_of(encoded, Latent())
    reached = np.array([luminance_of(encoded, Latent(brightness=float(at))) for at in SETTINGS])
    there = np.isfinite(reached)
    ev = np.log2(np.maximum(reached[there], 1e-6) / max(start, 1e-6))
    return BrightnessRow(
        name,
        spearman(SETTINGS[there], reached[there]) if there.sum() > 1 else float("nan"),
        float(ev.min(initial=0)),
        float(ev.max(initial=0)),
        int((~there).sum()),
    )


def luminance_of(encoded: EncodedPhoto, latent: AnyLatent) -> float:
    """Mean luminance of a rendering, linear light, 0 to 1; nan where the network gave no picture."""
    try:
        rendering = encoded.decode(latent)
    except NonFiniteOutputError:
        return float("nan")
    weights = luminance_weights(SRGB).astype(np.float32)
    return float((decode(rendering, "srgb") @ weights).mean())


def _photos(folder: Path, held_out: int) -> list[Path]:
    """The dark photos of the scenes held out from a folder of pairs, or all photos of a plain folder."""
    from .. import files
    from ..training.pairs import find_pairs, split_by_scene

    if any((folder / name).is_dir() for name in ("low", "Low", "our485")):
        return [pair.low for pair in split_by_scene(find_pairs(folder), held_out)[1]]
    photos = sorted(path for path in folder.iterdir() if files.is_photo(path))
    if not photos:
        raise EmptyFolderError(f"{folder} holds neither photos nor pairs in low/ and high/")
    return photos


def _view(path: Path) -> np.ndarray:
    from .. import files
    from ..explore.region import resample, visible_region

    photo = files.read(path)
    everything = ((0.0, 0.0), (float(photo.height), float(photo.width)))
    scale = _LONGEST / max(photo.height, photo.width)
    region = visible_region((photo.height, photo.width), everything, scale)
    return to_network(photo.with_pixels(resample(photo.pixels, region)))[0]


def _evaluate(arguments: argparse.Namespace, tell: Callable[[str], None]) -> list[BrightnessRow]:
    from ..api import load_enhancer

    enhancer = load_enhancer(arguments.model, device=arguments.device)
    rows: list[BrightnessRow] = []
    paths = _photos(arguments.photos, arguments.held_out)
    for number, path in enumerate(paths, 1):
        tell(f"{number} of {len(paths)}: {path.name}")
        rows.append(measure_brightness(enhancer.encode(_view(path)), path.name))
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m llflow_photo.evaluation.brightness", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("photos", type=Path, help="folder of photos, or of pairs (low/, high/)")
    parser.add_argument("--held-out", type=int, default=24, help="scenes held out of a folder of pairs")
    parser.add_argument("--model", default="lol-compact", help="name or file")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--csv", type=Path, help="write all rows here")
    return parser


def main(words: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    from rich.console import Console
    from rich.table import Table

    arguments = _parser().parse_args(words)
    console = Console()
    with console.status("starting") as status:
        rows = _evaluate(arguments, status.update)
    table = Table("photos", "least Spearman", "median", "at least 0.95", "EV, median", "failed")
    ranks = np.array([row.spearman for row in rows])
    low, high = (np.median([getattr(row, name) for row in rows]) for name in ("darkest_ev", "brightest_ev"))
    table.add_row(
        str(len(rows)),
        f"{np.nanmin(ranks):.3f}",
        f"{np.nanmedian(ranks):.3f}",
        f"{(ranks >= 0.95).sum()} of {len(rows)}",
        f"{low:+.2f} to {high:+.2f}",
        str(sum(row.failed for row in rows)),
    )
    console.print(table)
    if arguments.csv is not None:
        with open(arguments.csv, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([field.name for field in fields(BrightnessRow)])
            writer.writerows(astuple(row) for row in rows)


if __name__ == "__main__":
    main()
