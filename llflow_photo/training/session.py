"""A training run from its settings: data found and split, trainer built, settings kept for resuming."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import CheckpointError, TrainingDataError
from ..flow import Size
from ..flow.exposure import sampled, without_trim
from .checkpoint import load_checkpoint
from .distributed import Workers, join_workers
from .loop import CHECKPOINT, Trainer
from .pairs import BatchSource, CropSource, LoadedPair, find_pairs, load_pair, split_by_scene
from .prefetch import PrefetchSource
from .recipe import Recipe

if TYPE_CHECKING:
    from .exposure import ExposureFit

__all__ = ["RunSettings", "build_trainer", "input_ranges_of", "read_settings", "trimmed_rule_of"]

SETTINGS = "run.json"
_logger = logging.getLogger(__name__)

_TRIM_PHOTOS = 45
"""About how many training photos the exposure rule's trim is measured on; each is rendered 50 times."""


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
        common_exposure: fit a rule that brings photos to a common exposure before the network (see
            `flow.exposure`); None does so for clean photos and not for pairs. A model to begin with brings
            its own.
        device: ``auto``, ``cpu``, ``cuda``, ``mps``.
    """

    data: str | None
    photos: str | None
    size: Size
    recipe: Recipe
    validation_scenes: int = 24
    split_seed: int = 0
    start: str | None = None
    common_exposure: bool | None = None
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
        settings = replace(settings, size=replace(flow.size, exposure=without_trim(flow.size.exposure)))
        start = flow.state_dict()
    settings, source, validation = _data(settings, fit=start is None and not resume)
    device = _device(settings.device)
    workers = join_workers(device)
    if device.type == "cuda":  # a processor that trains has no time to spare for batches ahead
        source = PrefetchSource(source, _batch_makers(workers), stride=workers.count)
    trainer = Trainer(run, settings.size, settings.recipe, source, validation, device, start, workers)
    if workers.is_first:
        _write_settings(run, settings)
    if resume:
        trainer.resume()
    return trainer


def input_ranges_of(settings: RunSettings) -> dict[str, list[float]]:
    """What the dark photos of a run's training data are like, as a card's ``inputs`` has it."""
    from ..evaluation.inputs import input_ranges, simulated_input_ranges

    if settings.data is not None:
        pairs = find_pairs(Path(settings.data), "train")
        training, _ = split_by_scene(pairs, settings.validation_scenes, settings.split_seed)
        return input_ranges(pair.low for pair in training)
    from .photos import load_photos

    photos, _ = _photo_paths(settings)
    return simulated_input_ranges(load_photos(photos), seed=settings.recipe.seed)


def trimmed_rule_of(run: Path, settings: RunSettings) -> tuple[float, ...] | None:
    """The exposure rule of a run's best weights with its trim; None for runs on pairs or without a rule."""
    if settings.photos is None or not settings.size.exposure:
        return None
    from ..models.export import best_flow
    from .exposure import fit_without_each
    from .photos import load_photos
    from .trim import fit_trim

    photos = load_photos(_photo_paths(settings)[0])
    rules = fit_without_each(photos, seed=settings.recipe.seed)
    some = slice(None, None, max(1, len(photos) // _TRIM_PHOTOS))
    return fit_trim(best_flow(run), photos[some], rules[some])


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


def _data(settings: RunSettings, fit: bool) -> tuple[RunSettings, BatchSource, list[LoadedPair]]:
    """The run's data, and its settings with the exposure rule fitted where that is asked for."""
    if settings.data is not None:
        pairs = find_pairs(Path(settings.data), "train")
        training, held_out = split_by_scene(pairs, settings.validation_scenes, settings.split_seed)
        if fit and settings.common_exposure:
            from .exposure import fit_on_pairs

            settings = _with_rule(settings, fit_on_pairs(_small(load_pair(pair)) for pair in training))
        rule = settings.size.exposure
        source = CropSource([load_pair(pair, rule) for pair in training], settings.recipe.seed)
        return settings, source, [load_pair(pair, rule) for pair in held_out]
    if settings.photos is None:
        raise TrainingDataError("give a folder of pairs (--data) or of clean photos (--photos)")
    from .photos import load_photos
    from .simulated import SimulatedSource, validation_pairs

    for_training, held = _photo_paths(settings)
    photos = load_photos(for_training)
    if fit and settings.common_exposure is not False:
        from .exposure import fit_on_photos

        settings = _with_rule(settings, fit_on_photos(photos, seed=settings.recipe.seed))
    rule = settings.size.exposure
    simulated = SimulatedSource(photos, settings.recipe.seed, rule)
    return settings, simulated, validation_pairs(load_photos(held), exposure_rule=rule)


def _photo_paths(settings: RunSettings) -> tuple[list[Path], list[Path]]:
    """Clean photos to train on, and those held out."""
    from .photos import find_photos, split_photos

    paths = find_photos(Path(settings.photos or ""))
    return split_photos(paths, settings.validation_scenes, settings.split_seed)


def _with_rule(settings: RunSettings, fitted: ExposureFit) -> RunSettings:
    _logger.info("the exposure rule foretells what dark photos lack to %.2f EV", fitted.error_ev)
    return replace(settings, size=replace(settings.size, exposure=fitted.rule))


def _small(pair: LoadedPair) -> tuple[np.ndarray, np.ndarray]:
    """A pair's pixels for statistics, float in [0, 1]."""
    return sampled(pair.low), sampled(pair.high)


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:  # one device per process of torch's launcher
        name = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(name)
    return torch.device(name)


def _batch_makers(workers: Workers) -> int:
    """Processes that make batches for one that trains."""
    return max(1, min(8, (os.cpu_count() or 1) // workers.count - 1))
