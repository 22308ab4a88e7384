"""Adding a model to the user's models, under the name of its file."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from ..errors import OptionError, OutputExistsError
from ..paths import expanded
from .card import Card
from .header import import_command
from .registry import find, shipped, user_folder
from .store import load
from .writing import SUFFIX, writing

__all__ = ["add"]


def add(path: Path) -> Card:
    """Copy a file of weights, and the card beside it, to the user's models.

    Returns:
        the card of the added model.

    Raises:
        OptionError: the file does not end in ``.safetensors``.
        ModelNotFoundError: there is no such file.
        CheckpointError: the file does not match its card, or does not contain weights of this network.
        OutputExistsError: there is a model of this name.
        WriteError: the folder of the user's models is not writable, or full; nothing was added.
    """
    path = expanded(path)
    if path.suffix != SUFFIX:
        raise OptionError(
            f"{path} does not end in {SUFFIX}: rename it, or convert another checkpoint with: "
            f"{import_command(path)}"
        )
    load(path)
    target = user_folder() / path.name
    if path.stem in shipped():
        raise OutputExistsError(
            f"{path.stem} is the name of a model shipped with this program; rename {path}"
        )
    for existing in (target, target.with_suffix(".json")):
        if os.path.lexists(existing):
            raise OutputExistsError(f"the model {existing} already exists; rename one of the two")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    card = path.with_suffix(".json")
    if card.is_file():  # before the weights, which would be another model without it
        _copy(card, target.with_suffix(".json"))
    try:
        _copy(path, target)
    except BaseException:
        with contextlib.suppress(OSError):
            target.with_suffix(".json").unlink()
        raise
    return find(target)


def _copy(path: Path, target: Path) -> None:
    from ..files.atomic import atomic_file

    with path.open("rb") as source, atomic_file(target) as copy:
        shutil.copyfileobj(source, copy)
