"""Pairs of dark and well-exposed photos on disk, and splitting them by scene."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..errors import TrainingDataError
from ..flow.inputs import equalization_table
from .frames import PhotoAverages

__all__ = ["LoadedPair", "Pair", "find_pairs", "load_pair", "pairs_of_folders", "split_by_scene"]

_FOLDER_NAMES = (("low", "high"), ("Low", "Normal"), ("low", "normal"), ("input", "target"))
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


@dataclass(frozen=True)
class Pair:
    """A dark photo and its reference; all photos of a scene are on the same side of a split."""

    low: Path
    high: Path
    scene: str


@dataclass(frozen=True)
class LoadedPair:
    """Pixels of a pair, uint8, H x W x 3, sRGB-encoded.

    Pairs with the same ``scene``, if it is not empty, are exposures of the same reference.
    """

    low: np.ndarray
    high: np.ndarray
    scene: str = ""

    @cached_property
    def equalization(self) -> np.ndarray:
        """The dark photo's equalization table, 3 x 256."""
        return equalization_table(self.low)

    @cached_property
    def averages(self) -> tuple[PhotoAverages, PhotoAverages]:
        """Averages of the dark photo and its reference, from which thumbnails of their parts are computed."""
        return PhotoAverages(self.low), PhotoAverages(self.high)


def find_pairs(folder: Path, part: str | None = None) -> list[Pair]:
    """List the pairs in a folder.

    Supported layouts are two subfolders (``low``/``high``, ``Low``/``Normal``) with equal file stems and an
    optional ``pairs.csv`` (columns low, high, scene), the layout of LOL (``our485``, ``eval15``) and that of
    VE-LOL (``Real_captured``, ``Synthetic`` with ``Train``, ``Test``).

    Args:
        part: ``"train"``, ``"test"`` or None for all parts.

    Raises:
        TrainingDataError: no pairs are found, or some files have no counterpart.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise TrainingDataError(f"{folder} is not a folder; give one with the subfolders low/ and high/")
    pairs = [pair for place in _places(folder, part) for pair in _pairs_in(place)]
    if not pairs:
        raise TrainingDataError(
            f"no pairs in {folder}: expected subfolders low/ and high/ with files of the same names"
        )
    return pairs


def _places(folder: Path, part: str | None) -> list[Path]:
    names = {"train": ("our485", "Train"), "test": ("eval15", "Test")}
    wanted = names.get(part or "", ("our485", "eval15", "Train", "Test"))
    if (folder / "pairs.csv").is_file() or _pair_folders(folder):
        return [folder]
    places = [folder / name for name in wanted if (folder / name).is_dir()]
    for kind in ("Real_captured", "Synthetic"):
        places += [folder / kind / name for name in wanted if (folder / kind / name).is_dir()]
    return places


def _pair_folders(folder: Path) -> tuple[Path, Path] | None:
    for low, high in _FOLDER_NAMES:
        if (folder / low).is_dir() and (folder / high).is_dir():
            return folder / low, folder / high
    return None


def _pairs_in(folder: Path) -> list[Pair]:
    listing = folder / "pairs.csv"
    if listing.is_file():
        with listing.open(newline="") as file:
            rows = list(csv.DictReader(file))
        if any(not row.get("low") or not row.get("high") for row in rows):
            raise TrainingDataError(f"every row of {listing} needs low and high; scene is optional")
        pairs = [
            Pair(folder / row["low"], folder / row["high"], row.get("scene") or Path(row["low"]).stem)
            for row in rows
        ]
    else:
        folders = _pair_folders(folder)
        if folders is None:
            return []
        pairs = pairs_of_folders(*folders)
    if missing := [path for pair in pairs for path in (pair.low, pair.high) if not path.is_file()]:
        raise TrainingDataError(f"{len(missing)} files are missing, the first is {missing[0]}")
    return pairs


def pairs_of_folders(low: Path, high: Path) -> list[Pair]:
    """List pairs of the dark photos in one folder and the references with the same names in another.

    Raises:
        TrainingDataError: a folder is missing, there are no pairs, or some files have no counterpart.
    """
    for folder in (low, high):
        if not folder.is_dir():
            raise TrainingDataError(f"{folder} is not a folder")
    dark, bright = _by_stem(low), _by_stem(high)
    if alone := sorted(set(dark) ^ set(bright)):
        raise TrainingDataError(
            f"{len(alone)} files in {low} and {high} have no counterpart of the same name, the first is "
            f"{alone[0]}; rename or remove them"
        )
    if not dark:
        raise TrainingDataError(f"no pairs in {low} and {high}; give folders with photos of the same names")
    return [Pair(dark[stem], bright[stem], stem) for stem in sorted(dark)]


def _by_stem(folder: Path) -> dict[str, Path]:
    """Photos by stem, without VE-LOL's prefixes (low00001, normal00001)."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _SUFFIXES:
            stem = path.stem.lower()
            for prefix in ("low", "normal", "high"):
                stem = stem.removeprefix(prefix) or stem
            if stem in found:
                raise TrainingDataError(f"{found[stem].name} and {path.name} in {folder} have the same name")
            found[stem] = path
    return found


def split_by_scene(
    pairs: Sequence[Pair], validation_scenes: int, seed: int = 0
) -> tuple[list[Pair], list[Pair]]:
    """Hold out scenes; return the training pairs, and one pair of each held-out scene.

    Scenes are ranked by a hash of the seed and their name, so that the split does not depend on the order of
    files and hardly on other scenes.
    """
    ranked = sorted(
        {pair.scene for pair in pairs},
        key=lambda scene: hashlib.sha256(f"{seed}/{scene}".encode()).digest(),
    )
    held_out = set(ranked[:validation_scenes])
    training = [pair for pair in pairs if pair.scene not in held_out]
    validation = {pair.scene: pair for pair in reversed(pairs) if pair.scene in held_out}
    return training, [validation[scene] for scene in sorted(validation)]


def load_pair(pair: Pair) -> LoadedPair:
    """Read a pair into memory as 8-bit pixels."""
    pixels = [_pixels(path) for path in (pair.low, pair.high)]
    low, high = pixels
    if low.shape != high.shape:
        raise TrainingDataError(
            f"{pair.low} is {low.shape[1]}x{low.shape[0]}, its reference {high.shape[1]}x{high.shape[0]}"
        )
    return LoadedPair(low, high, pair.scene)


def _pixels(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise TrainingDataError(f"{path} has mode {image.mode}; give 8-bit photos for training")
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise TrainingDataError(f"cannot read {path}: {error}") from error
