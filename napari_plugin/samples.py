"""File > Open Sample: night photos that are part of the package."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any

__all__ = ["night_raw", "night_street"]


def night_raw() -> list[tuple[Any, dict[str, Any], str]]:
    """A RAW frame, underexposed by four to five stops."""
    return _open("night_raw.dng", "Night RAW")


def night_street() -> list[tuple[Any, dict[str, Any], str]]:
    """A dark JPEG with lamps."""
    return _open("night_lamps.jpg", "Night lamps")


def _open(name: str, title: str) -> list[tuple[Any, dict[str, Any], str]]:
    from .reader import read_photos

    with as_file(files("napari_plugin") / "sample_data" / name) as path:
        data, arguments, kind = read_photos(str(path))[0]
    return [(data, {**arguments, "name": title}, kind)]
