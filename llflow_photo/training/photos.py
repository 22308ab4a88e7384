"""Clean photos for training: finding, splitting and loading them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import TrainingDataError
from .pixels import read_pixels

__all__ = ["find_photos", "load_photos", "split_photos"]

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}


def find_photos(folder: Path) -> list[Path]:
    """List the photos of a folder, sorted by name.

    Raises:
        TrainingDataError: there is no such folder, or it contains no photos.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise TrainingDataError(f"{folder} is not a folder; give one with clean photos")
    photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not photos:
        raise TrainingDataError(f"no photos in {folder}: expected {', '.join(sorted(_SUFFIXES))}")
    return photos


def split_photos(
    photos: Sequence[Path], validation_photos: int, seed: int = 0
) -> tuple[list[Path], list[Path]]:
    """Hold out the photos whose names have the lowest hashes; return training and held-out photos."""
    ranked = sorted(photos, key=lambda path: hashlib.sha256(f"{seed}/{path.name}".encode()).digest())
    held_out = set(ranked[:validation_photos])
    return [path for path in photos if path not in held_out], sorted(held_out)


def load_photos(paths: Sequence[Path]) -> list[np.ndarray]:
    """Read photos as H x W x 3, uint8, sRGB-encoded, upright.

    Raises:
        TrainingDataError: a photo cannot be read, or has more than 8 bits, see `pixels.read_pixels`.
    """
    return [read_pixels(path) for path in paths]
