"""Saving a layer to a file, with the metadata of its photo."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from llflow_photo.errors import WriteError

from .layers import KEY, LayerPhoto, photo_of_data

__all__ = ["SAVE_FILTERS", "proposed_path", "save_data", "source_of", "with_suffix_of"]

SAVE_FILTERS = (
    "16-bit TIFF (*.tif *.tiff);;JPEG (*.jpg *.jpeg);;16-bit PNG (*.png);;Linear DNG for a RAW editor (*.dng)"
)


def proposed_path(metadata: dict[str, Any], name: str) -> Path:
    """The default path: beside the source if its folder is writable, with ``_enhanced`` added to its name."""
    source = source_of(metadata)
    if source is None:
        return Path.home() / f"{_plain_name(name)}.tif"
    folder = source.parent if os.access(source.parent, os.W_OK) else Path.home()
    return folder / f"{source.stem}_enhanced.tif"


def with_suffix_of(path: Path, kind: str) -> Path:
    """A path as entered in a file dialog, with a suffix.

    Args:
        kind: the chosen one of `SAVE_FILTERS`; its first suffix is added unless the path has one of a photo.
    """
    from llflow_photo import files

    if files.is_photo(f"photo{path.suffix}"):
        return path
    found = re.search(r"\*(\.\w+)", kind)
    return path.with_name(path.name + (found[1] if found else ".tif"))


def source_of(metadata: dict[str, Any]) -> Path | None:
    """The file of the photo that a layer was made from; None if it is unknown."""
    known = metadata.get(KEY)
    return known.facts.source if isinstance(known, LayerPhoto) else None


def _plain_name(name: str) -> str:
    plain = "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in name)
    return plain.strip() or "photo"


def save_data(path: Path, data: Any, metadata: dict[str, Any]) -> tuple[Path, tuple[str, ...]]:
    """Write a layer's pixels; the path's extension determines the format.

    Args:
        metadata: the layer's metadata, with the source's EXIF, XMP and IPTC data and the settings.

    Returns:
        the path, and notes about metadata that could not be kept, one sentence each.

    Raises:
        WriteError: the path is that of the original, or cannot be written.
        ImageInputError: the layer cannot be used as a photo.
    """
    from llflow_photo import files

    photo = photo_of_data(np.asarray(data), metadata)
    if photo.source is not None and _is_same_file(path, photo.source):
        raise WriteError(f"{path.name} is the original photo and is never overwritten: choose another name")
    files.check_folder(path)
    settings = metadata.get("settings")
    if isinstance(settings, dict):
        plain = {name: value for name, value in settings.items() if isinstance(value, (str, float, int))}
        photo = replace(photo, metadata=files.with_settings(photo.metadata, plain))
    return path, files.write(photo, path)


def _is_same_file(path: Path, source: Path) -> bool:
    try:
        return path.exists() and source.exists() and path.samefile(source)
    except OSError as error:
        problem = f"{path.parent} cannot be accessed ({error.strerror or error})"
        raise WriteError(f"cannot write {path}: {problem}; choose another folder") from error
