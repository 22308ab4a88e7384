"""Held-out pairs of the two kinds of data, each with the model trained on the rest of it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from PIL import Image

from llflow_photo.api import load_enhancer, read_srgb
from llflow_photo.camera import develop, night, simulate_night_raw
from llflow_photo.evaluation.night import CONDITIONS
from llflow_photo.models import find
from llflow_photo.models.card import checksum
from llflow_photo.training.pairs import find_pairs, split_by_scene
from llflow_photo.training.photos import find_photos, load_photos, split_photos

if TYPE_CHECKING:
    from llflow_photo.engine import Enhancer

__all__ = [
    "HELD_OUT",
    "LOL",
    "LONGEST",
    "NIGHTS",
    "Dataset",
    "Example",
    "checksum_of",
    "datasets",
    "evenly",
    "lol_pairs",
    "make_parser",
    "name_of",
    "network_image",
    "night_pairs",
]

LOL, NIGHTS = "LOL", "simulated nights"
HELD_OUT = 24
"""Scenes or photos held out of training, split seed 0."""
LONGEST = 512
"""Longer side to which photos are scaled down before they are darkened."""
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Example:
    """A dark photo and its reference, H x W x 3, float32, sRGB-encoded, in [0, 1]."""

    name: str
    dark: np.ndarray
    reference: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """A kind of data, and the model trained on this kind.

    Attributes:
        data: `LOL` or `NIGHTS`.
        model: name or file.
        examples: held-out pairs.
    """

    data: str
    model: str
    examples: Sequence[Example]

    @property
    def enhancer(self) -> Enhancer:
        """The engine with the model."""
        return load_enhancer(self.model, device="cpu")

    @property
    def name(self) -> str:
        """See `name_of`."""
        return name_of(self.model)

    @property
    def checksum(self) -> str:
        """See `checksum_of`."""
        return checksum_of(self.model)


def name_of(model: str) -> str:
    """A model's name, or that of its file without the suffix."""
    return Path(model).name.removesuffix(".safetensors")


def checksum_of(model: str) -> str:
    """First digits of the SHA-256 of a model's file, which identify the release."""
    return checksum(find(model).path)[:8]


def make_parser(description: str | None, limit: int) -> argparse.ArgumentParser:
    """Parser for the arguments that all findings share; ``limit`` photos of each kind by default."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lol", type=Path, help="folder that holds LOL's our485")
    parser.add_argument("--photos", type=Path, help="folder of clean photos, to be made dark")
    parser.add_argument("--lol-model", default="lol-compact", help="name or file (default: %(default)s)")
    parser.add_argument("--night-model", default="night-compact", help="name or file (default: %(default)s)")
    parser.add_argument(
        "--limit", type=int, default=limit, help=f"held-out photos of each kind, up to {HELD_OUT} ({limit})"
    )
    return parser


def datasets(arguments: argparse.Namespace) -> list[Dataset]:
    """The datasets whose folders are given."""
    found = []
    if arguments.lol is not None:
        found.append(Dataset(LOL, arguments.lol_model, lol_pairs(arguments.lol, arguments.limit)))
    if arguments.photos is not None:
        found.append(Dataset(NIGHTS, arguments.night_model, night_pairs(arguments.photos, arguments.limit)))
    return found


def evenly(items: Sequence[_Item], limit: int) -> list[_Item]:
    """At most ``limit`` of the items, evenly spaced."""
    count = min(limit, len(items))
    return [items[index * len(items) // count] for index in range(count)]


def lol_pairs(folder: Path, limit: int) -> list[Example]:
    """Held-out scenes of LOL's training part, 400 x 600."""
    held_out = split_by_scene(find_pairs(folder, "train"), HELD_OUT)[1]
    return [
        Example(pair.low.stem, read_srgb(pair.low), read_srgb(pair.high)) for pair in evenly(held_out, limit)
    ]


def night_pairs(folder: Path, limit: int) -> list[Example]:
    """Held-out photos, simulated at -3 EV (daylight) and -5 EV (tungsten) in turn."""
    paths = evenly(split_photos(find_photos(folder), HELD_OUT)[1], limit)
    examples = []
    for index, (path, photo) in enumerate(zip(paths, load_photos(paths), strict=True)):
        image = Image.fromarray(photo)
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.BICUBIC)
        clean = np.asarray(image)
        settings = night(*CONDITIONS[index % len(CONDITIONS)])
        frame = simulate_night_raw(clean, settings, np.random.default_rng([0, index]))
        dark = np.clip(develop(frame), 0.0, 1.0).astype(np.float32)
        examples.append(Example(path.stem, dark, clean.astype(np.float32) / np.float32(255)))
    return examples


def network_image(picture: np.ndarray) -> torch.Tensor:
    """H x W x 3, sRGB-encoded, in [0, 1], in the form of the network's input: 1 x 3 x H x W, float32."""
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))[None]
