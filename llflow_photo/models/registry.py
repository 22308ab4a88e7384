"""Which models there are: those shipped inside the package, and those users added."""

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
    """Where users keep models of their own: ``$LLFLOW_PHOTO_MODELS`` or ``~/.llflow-photo/models``."""
    given = os.environ.get("LLFLOW_PHOTO_MODELS")
    return expanded(given) if given else Path.home() / ".llflow-photo" / "models"


def available() -> list[Card]:
    """Cards of all models that can be asked for by name: the shipped ones, then the user's, by name."""
    return [card_of(path) for path in _files().values()]


def _files() -> dict[str, Path]:
    """Weights by name; a shipped model wins over a user's of the same name."""
    found: dict[str, Path] = {}
    for folder in (_SHIPPED, user_folder()):
        try:
            paths = sorted(folder.glob(f"*{SUFFIX}"))
        except OSError:  # a home that may not be read holds no models
            continue
        for path in paths:
            found.setdefault(path.stem, path)
    return found


def card_of(path: Path) -> Card:
    """The card beside a file of weights, or, without one, what the file itself tells."""
    beside = path.with_suffix(".json")
    if beside.is_file():
        return Card.read(beside)
    try:
        size = read_size(path).to_dict()
    except CheckpointError:
        size = {}  # listing goes on; loading says what is wrong
    return Card(name=path.stem, size=size, path=path)


def find(name_or_path: str | os.PathLike[str]) -> Card:
    """The card of a model given by name or by the path of its weights.

    Raises:
        ModelNotFoundError: there is no such name or file.
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
