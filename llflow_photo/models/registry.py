"""The available models: those shipped with the package and those added by the user."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import CheckpointError, ModelNotFoundError
from ..paths import expanded
from .card import Card
from .header import read_size

__all__ = ["available", "find", "user_folder"]

SUFFIX = ".safetensors"
_SHIPPED = Path(__file__).parent


def user_folder() -> Path:
    """The folder of the user's own models: ``$LLFLOW_PHOTO_MODELS`` or ``~/.llflow-photo/models``."""
    given = os.environ.get("LLFLOW_PHOTO_MODELS")
    return expanded(given) if given else Path.home() / ".llflow-photo" / "models"


def available() -> list[Card]:
    """Cards of all models that can be loaded by name: the shipped ones, then the user's, sorted by name."""
    return [card_of(path) for path in _files().values()]


def _files() -> dict[str, Path]:
    """Weights files by name; shipped models take precedence over the user's."""
    found: dict[str, Path] = {}
    for folder in (_SHIPPED, user_folder()):
        try:
            paths = sorted(folder.glob(f"*{SUFFIX}"))
        except OSError:  # the folder cannot be read
            continue
        for path in paths:
            found.setdefault(path.stem, path)
    return found


def card_of(path: Path) -> Card:
    """The card beside a weights file, or, without one, a card with the size stored in the file."""
    beside = path.with_suffix(".json")
    if beside.is_file():
        return Card.read(beside)
    try:
        size = read_size(path).to_dict()
    except CheckpointError:
        size = {}  # listing must not fail; loading reports the error
    return Card(name=path.stem, size=size, path=path)


def find(name_or_path: str | os.PathLike[str]) -> Card:
    """Find a model's card by the model's name or the path of its weights.

    Raises:
        ModelNotFoundError: there is no model of this name, or no such file.
    """
    given = os.fspath(name_or_path)
    known = _files()
    if given in known:
        return card_of(known[given])
    path = expanded(given)
    if path.is_file():
        return card_of(path)
    listed = ", ".join(sorted(known)) or "none"
    if path.suffix or len(path.parts) > 1:
        raise ModelNotFoundError(f"there is no model file {given}; known by name are {listed}")
    raise ModelNotFoundError(
        f"there is no model {given!r}; known are {listed}, or give the path of a {SUFFIX} file"
    )
