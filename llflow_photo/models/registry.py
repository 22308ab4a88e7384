"""The available models: those shipped with the package and those added by the user."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckpointError, ModelNotFoundError
from ..paths import expanded
from .card import Card
from .header import read_size
from .writing import SUFFIX

__all__ = ["Unusable", "available", "find", "is_shipped", "listing", "shipped", "user_folder"]

_SHIPPED = Path(__file__).parent


@dataclass(frozen=True)
class Unusable:
    """A file in a folder of models that cannot be used.

    Attributes:
        path: the file of weights.
        reason: why it cannot be used, and what to do.
    """

    path: Path
    reason: str


def user_folder() -> Path:
    """The folder of the user's own models: ``$LLFLOW_PHOTO_MODELS`` or ``~/.llflow-photo/models``."""
    given = os.environ.get("LLFLOW_PHOTO_MODELS")
    return expanded(given) if given else Path.home() / ".llflow-photo" / "models"


def available() -> list[Card]:
    """Cards of all models that can be loaded by name: the shipped ones, then the user's, sorted by name."""
    return listing()[0]


def listing() -> tuple[list[Card], list[Unusable]]:
    """The cards of `available`, and the files in the same folders that cannot be used.

    The headers of the weights are read, but not the weights themselves.
    """
    cards, others = [], []
    for path in _files().values():
        try:
            read_size(path)
            cards.append(card_of(path))
        except CheckpointError as error:
            others.append(Unusable(path, str(error)))
    return cards, others


def is_shipped(path: Path) -> bool:
    """Whether a file of weights is one of the package's own."""
    return path.parent == _SHIPPED


def shipped() -> set[str]:
    """Names of the models that are shipped with the package."""
    return {path.stem for path in _SHIPPED.glob(f"*{SUFFIX}")}


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
        size = {}  # loading reports the error
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
