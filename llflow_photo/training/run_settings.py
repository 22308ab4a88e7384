"""The settings of a training run and the names of its photos, stored in its folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from ..files.atomic import atomic_file
from ..flow import Size
from ..models.checkpoint import load_checkpoint
from .loop import CHECKPOINT
from .recipe import Recipe

__all__ = ["PhotoNames", "RunSettings", "changes_of_photos", "knows_name", "read_settings", "write_settings"]

SETTINGS = "run.json"

_LICENCE = "not stated; it depends on the training photos"


@dataclass(frozen=True)
class PhotoNames:
    """Names of the photos, or of the dark photos of the pairs, that a run uses.

    Attributes:
        training: of those it is trained on.
        held_out: of those it is validated on.
    """

    training: tuple[str, ...]
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run.

    Attributes:
        data: folder of pairs, see `find_pairs`, or None.
        photos: folders of clean photos from which the camera simulation makes pairs; can be empty.
        size: size of the network.
        recipe: settings of the training.
        validation_scenes: number of scenes, or of clean photos, that are held out for validation.
        split_seed: seed of the split.
        start: name or path of the initial model, or None for random weights.
        device: ``auto``, ``cpu``, ``cuda``, ``mps``.
        grow: whether residual blocks are added to ``start`` to make it a network of ``size``; otherwise the
            size is that of ``start``.
        threads: CPU threads of each process; None for all cores.
        compiled: whether to compile the network, see `compiled.compile_parts`.
        name: name of the model to write; None for that of the folder.
        licence: licence of the weights, for the card.
        validate_every: steps between validations.
        save_every: steps between checkpoints.
    """

    data: str | None
    photos: tuple[str, ...]
    size: Size
    recipe: Recipe
    validation_scenes: int = 24
    split_seed: int = 0
    start: str | None = None
    device: str = "auto"
    grow: bool = False
    threads: int | None = None
    compiled: bool = False
    name: str | None = None
    licence: str = _LICENCE
    validate_every: int = 500
    save_every: int = 250

    def model_file(self, run: Path) -> Path:
        """The file of the weights that the run ends with."""
        return run / f"{self.name or run.resolve().name}.safetensors"

    def describe_data(self) -> str:
        """Description of the training data, for a card."""
        folders = [self.data] if self.data else self.photos
        name = ", ".join(Path(folder).resolve().name for folder in folders)
        kind = "pairs" if self.data else "clean photos through the camera simulation"
        return f"{kind} of {name}; {self.validation_scenes} scenes held out (split seed {self.split_seed})"


def read_settings(run: Path) -> RunSettings:
    """Read the settings of a run; size and recipe are those of its newest checkpoint.

    Raises:
        CheckpointError: the folder does not contain a run.
    """
    if not (run / CHECKPOINT).is_file():
        raise CheckpointError(
            f"{run} contains no training run: {CHECKPOINT} is missing; give the folder of a run"
        )
    state = load_checkpoint(run / CHECKPOINT)
    values = _stored(run)
    known = {name: values[name] for name in RunSettings.__dataclass_fields__ if name in values}
    known["photos"] = tuple(known.get("photos") or ())
    known |= {"size": Size.from_dict(state["size"]), "recipe": Recipe.from_dict(state["recipe"])}
    return RunSettings(**{"data": None, **known})


def knows_name(run: Path) -> bool:
    """Whether the settings of a run contain the name of its model; runs of older versions do not."""
    return "name" in _stored(run)


def changes_of_photos(run: Path, now: PhotoNames) -> str:
    """A sentence on how photos differ from those that the run used so far; empty if they do not."""
    stored = _stored(run).get("used")
    if not isinstance(stored, dict):  # by an older version
        return ""
    held_out, training = (set(stored.get(name, ())) for name in ("held_out", "training"))
    if held_out == set(now.held_out) and training == set(now.training):
        return ""
    changes = [f"it was trained on {len(training)} photos so far, and is now on {len(now.training)}"]
    if held_out != set(now.held_out):
        changes.append("other photos are held out, so that earlier scores are not comparable")
    if leaked := held_out & set(now.training):
        changes.append(f"held out before and trained on now: {len(leaked)}")
    return f"the photos of {run} have changed: " + "; ".join(changes)


def _stored(run: Path) -> dict[str, Any]:
    path = run / SETTINGS
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    return values


def write_settings(run: Path, settings: RunSettings, photos: PhotoNames) -> None:
    """Write the settings of a run, and the names of its photos."""
    values = {**asdict(settings), "size": settings.size.to_dict(), "recipe": settings.recipe.to_dict()}
    if settings.data is not None:
        values["data"] = str(Path(settings.data).resolve())
    values["photos"] = [str(Path(folder).resolve()) for folder in settings.photos]
    values["used"] = asdict(photos)
    with atomic_file(run / SETTINGS) as file:
        file.write((json.dumps(values, indent=2) + "\n").encode("utf-8"))
