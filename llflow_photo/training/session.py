"""A training run from its settings: data found and split, trainer built, settings kept for resuming."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..errors import CheckpointError, TrainingDataError
from ..flow import Size
from .checkpoint import load_checkpoint
from .loop import CHECKPOINT, Trainer
from .pairs import BatchSource, CropSource, LoadedPair, find_pairs, load_pair, split_by_scene
from .recipe import Recipe

__all__ = ["RunSettings", "build_trainer", "read_settings"]

SETTINGS = "run.json"


@dataclass(frozen=True)
class RunSettings:
    """What a run is, beside its weights.

    Attributes:
        data: folder of pairs, see `find_pairs`; or None.
        photos: folder of clean photos, made into pairs by the camera simulation; or None.
        size: of the network.
        recipe: how it is trained.
        validation_scenes: scenes (of ``photos``: photos) held out, split by ``split_seed``.
        split_seed: of the split.
        start: name or path of a model to begin with, or None for random weights.
        device: ``auto``, ``cpu``, ``cuda``, ``mps``.
    """

    data: str | None
    photos: str | None
    size: Size
    recipe: Recipe
    validation_scenes: int = 24
    split_seed: int = 0
    start: str | None = None
    device: str = "auto"

    def describe_data(self) -> str:
        """What it is trained on, for a card."""
        name = Path(self.data or self.photos or "").resolve().name
        kind = "pairs" if self.data else "clean photos through the camera simulation"
        return f"{kind} of {name}; {self.validation_scenes} scenes held out (split seed {self.split_seed})"


def build_trainer(run: Path, settings: RunSettings, resume: bool = False) -> Trainer:
    """Find the data, build the trainer and, if told, let it go on from its newest checkpoint.

    Raises:
        TrainingDataError: the data cannot be used.
        CheckpointError: there is a run in the folder already and ``resume`` is false; or none to resume.
        ModelNotFoundError: there is no model ``start``.
    """
    if not resume and (run / CHECKPOINT).exists():
        raise CheckpointError(
            f"{run} holds a run already; go on with it (--resume), or name another folder (--run)"
        )
    if resume and not (run / CHECKPOINT).is_file():
        raise CheckpointError(f"there is nothing to resume in {run}: no {CHECKPOINT}")
    start = None
    if settings.start is not None and not resume:
        from ..models import load

        flow = load(settings.start).flow
        settings = replace(settings, size=flow.size)
        start = flow.state_dict()
    source, validation = _data(settings)
    device = _device(settings.device)
    trainer = Trainer(run, settings.size, settings.recipe, source, validation, device, start)
    _write_settings(run, settings)
    if resume:
        trainer.resume()
    return trainer


def read_settings(run: Path) -> RunSettings:
    """The settings of an earlier run, its recipe as the newest checkpoint has it.

    Raises:
        CheckpointError: the folder holds no run.
    """
    path = run / SETTINGS
    state = load_checkpoint(run / CHECKPOINT)
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        values = {}
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    known = {name: values[name] for name in RunSettings.__dataclass_fields__ if name in values}
    known |= {"size": Size.from_dict(state["size"]), "recipe": Recipe.from_dict(state["recipe"])}
    return RunSettings(**{"data": None, "photos": None, **known})


def _write_settings(run: Path, settings: RunSettings) -> None:
    values = {**asdict(settings), "size": settings.size.to_dict(), "recipe": settings.recipe.to_dict()}
    for name in ("data", "photos"):
        if values[name] is not None:
            values[name] = str(Path(values[name]).resolve())
    (run / SETTINGS).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _data(settings: RunSettings) -> tuple[BatchSource, list[LoadedPair]]:
    if settings.data is not None:
        pairs = find_pairs(Path(settings.data), "train")
        training, held_out = split_by_scene(pairs, settings.validation_scenes, settings.split_seed)
        source = CropSource([load_pair(pair) for pair in training], settings.recipe.seed)
        return source, [load_pair(pair) for pair in held_out]
    if settings.photos is None:
        raise TrainingDataError("give a folder of pairs (--data) or of clean photos (--photos)")
    from .simulated import SimulatedSource, find_photos, load_photos, split_photos, validation_pairs

    photos = find_photos(Path(settings.photos))
    for_training, held = split_photos(photos, settings.validation_scenes, settings.split_seed)
    simulated = SimulatedSource(load_photos(for_training), settings.recipe.seed)
    return simulated, validation_pairs(load_photos(held))


def _device(name: str) -> torch.device:
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
