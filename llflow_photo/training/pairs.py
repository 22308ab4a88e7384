"""Pairs of dark and well-exposed photos on disk, and splitting them by scene."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..errors import TrainingDataError
from ..flow.inputs import equalization_table
from .frames import PhotoAverages
from .pixels import read_pixels

__all__ = ["LoadedPair", "Pair", "find_pairs", "has_parts", "load_pair", "pairs_of_folders", "split_by_scene"]

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
        part: ``"train"``, ``"test"`` or None for all parts; ignored where `has_parts` is false.

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


def has_parts(folder: Path) -> bool:
    """Whether the layout of a folder has parts for training and testing; other folders are one part."""
    return not ((folder / "pairs.csv").is_file() or _pair_folders(folder))


def _places(folder: Path, part: str | None) -> list[Path]:
    names = {"train": ("our485", "Train"), "test": ("eval15", "Test")}
    wanted = names.get(part or "", ("our485", "eval15", "Train", "Test"))
    if not has_parts(folder):
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
        pairs = [
            Pair(folder / row["low"], folder / row["high"], row.get("scene") or Path(row["low"]).stem)
            for row in _rows(listing)
        ]
    else:
        folders = _pair_folders(folder)
        if folders is None:
            return []
        pairs = pairs_of_folders(*folders)
    if missing := [path for pair in pairs for path in (pair.low, pair.high) if not path.is_file()]:
        raise TrainingDataError(f"{len(missing)} files are missing, the first is {missing[0]}")
    return pairs


def _rows(listing: Path) -> list[dict[str, str]]:
    """The rows of a list of pairs from an editor or a spreadsheet, separated by ``,``, ``;`` or tab.

    Raises:
        TrainingDataError: it cannot be read, or lacks a column or the path of a photo.
    """
    try:
        text = listing.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TrainingDataError(
            f"{listing} is not encoded as UTF-8; save it again, in a spreadsheet as 'CSV UTF-8'"
        ) from None
    except OSError as error:
        raise TrainingDataError(f"cannot read {listing}: {error.strerror or error}") from error
    head = text.partition("\n")[0]
    separator = next((mark for mark in ",;\t" if mark in head), ",")
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    except csv.Error as error:
        raise TrainingDataError(f"{listing} is damaged: {error}; write it again") from error
    names = [name.strip() for name in lines[0]] if lines else []
    if not {"low", "high"} <= set(names):
        raise TrainingDataError(
            f"{listing} needs low and high as names of columns in its first line, and optionally scene; it "
            f"has {', '.join(names) or 'no lines'}"
        )
    rows = [dict(zip(names, map(str.strip, values), strict=False)) for values in lines[1:]]
    for number, row in enumerate(rows, 2):
        if not row.get("low") or not row.get("high"):
            raise TrainingDataError(f"{listing} needs low and high in every row; row {number} lacks one")
    return rows


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
            f"{dark.get(alone[0]) or bright[alone[0]]}; rename or remove them"
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
    """Read a pair into memory as 8-bit pixels.

    Raises:
        TrainingDataError: a photo cannot be read, or the two differ in size.
    """
    low, high = read_pixels(pair.low), read_pixels(pair.high)
    if low.shape != high.shape:
        raise TrainingDataError(
            f"{pair.low} is {low.shape[1]}x{low.shape[0]}, its reference {high.shape[1]}x{high.shape[0]}"
        )
    return LoadedPair(low, high, pair.scene)
