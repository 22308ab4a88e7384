"""Setting up a training run: finding and splitting the data, building the trainer, storing the settings."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..errors import CheckpointError, OptionError
from ..files.atomic import atomic_file
from ..flow import Size
from ..flow.sizes import UNetSize
from ..models.checkpoint import load_checkpoint
from .crops import BatchSource, CropSource
from .distributed import Workers, join_workers
from .growth import grown
from .loop import CHECKPOINT, Trainer
from .pairs import LoadedPair, find_pairs, load_pair, split_by_scene
from .prefetch import PrefetchSource
from .recipe import Recipe

if TYPE_CHECKING:
    from ..flow.plain_nights import PlainNights
    from ..flow.prior import LatentPrior
    from .simulated import SimulatedSource

__all__ = ["RunSettings", "build_trainer", "input_ranges_of", "knows_name", "prior_of", "read_settings"]

SETTINGS = "run.json"

_LICENCE = "not stated; it depends on the training photos"

_NIGHTS = ((-3.0, "daylight"), (-5.0, "tungsten"), (-2.0, "led"), (-4.0, "sodium"))
"""Exposure in EV and illuminant of the simulated nights that a prior is fitted to."""


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


def build_trainer(run: Path, settings: RunSettings, resume: bool = False) -> Trainer:
    """Find the data, build the trainer and, if ``resume`` is true, load its newest checkpoint.

    Raises:
        TrainingDataError: the data cannot be used.
        OptionError: there is neither a folder of pairs nor one of photos; or the folder already contains a
            run or its model, and ``resume`` is false.
        CheckpointError: the folder contains no run, and ``resume`` is true.
        ModelNotFoundError: there is no model ``start``.
        WriteError: the folder cannot be written to.
    """
    if not resume and (run / CHECKPOINT).exists():
        raise OptionError(
            f"{run} already contains a run; continue it (--resume), or give another folder (--run)"
        )
    if not resume and (model := settings.model_file(run)).exists():
        raise OptionError(
            f"{model} already exists and would be replaced; give another name (--name) or folder (--run)"
        )
    if resume and not (run / CHECKPOINT).is_file():
        raise CheckpointError(f"there is no run to resume in {run}: {CHECKPOINT} is missing")
    start = None
    if settings.start is not None and not resume:
        from ..models import load

        flow = load(settings.start).flow
        settings = replace(settings, size=settings.size if settings.grow else flow.size)
        start = grown(flow, settings.size) if settings.grow else flow.state_dict()
    data, validation = _data(settings)
    source: BatchSource = data
    plain_nights = None if resume else _plain_nights_of(settings.size, data)
    device = _device(settings.device)
    workers = join_workers(device)
    if count := _batch_workers(workers, device, simulated=settings.data is None):
        source = PrefetchSource(data, count, stride=workers.count)
    trainer = Trainer(
        run,
        settings.size,
        settings.recipe,
        source,
        validation,
        device,
        start,
        workers,
        settings.compiled,
        plain_nights,
    )
    if workers.is_first:
        _write_settings(run, settings)
    if resume:
        trainer.resume()
    return trainer


def input_ranges_of(settings: RunSettings) -> dict[str, list[float]]:
    """Ranges of the dark photos of a run's training data, in the form of a card's ``inputs``."""
    from .input_ranges import input_ranges, simulated_input_ranges

    if settings.data is not None:
        pairs = find_pairs(Path(settings.data), "train")
        training, _ = split_by_scene(pairs, settings.validation_scenes, settings.split_seed)
        return input_ranges(pair.low for pair in training)
    from .photos import load_photos

    photos, _ = _photo_paths(settings)
    return simulated_input_ranges(load_photos(photos), seed=settings.recipe.seed)


def held_out_pairs(settings: RunSettings) -> list[LoadedPair]:
    """The held-out pairs of a run; those of clean photos are simulated in several nights in turn."""
    if settings.data is not None:
        pairs = find_pairs(Path(settings.data), "train")
        held_out = split_by_scene(pairs, settings.validation_scenes, settings.split_seed)[1]
        return [load_pair(pair) for pair in held_out]
    from ..camera import night
    from .photos import load_photos
    from .simulated import validation_pairs

    photos = load_photos(_photo_paths(settings)[1])
    nights = [night(ev, light) for ev, light in _NIGHTS]
    return validation_pairs(photos, nights)


def prior_of(run: Path, settings: RunSettings) -> LatentPrior | None:
    """Fit the latent's prior of a run's best weights to its held-out photos.

    Returns:
        the prior; None for networks without one, and if no photos are held out.
    """
    if not settings.size.prior or not settings.validation_scenes:
        return None
    from ..models.export import best_flow
    from .prior_fit import fitted_prior

    return fitted_prior(best_flow(run), held_out_pairs(settings))


def read_settings(run: Path) -> RunSettings:
    """Read the settings of a run; size and recipe are those of its newest checkpoint.

    Raises:
        CheckpointError: the folder does not contain a run.
    """
    state = load_checkpoint(run / CHECKPOINT)
    values = _stored(run)
    known = {name: values[name] for name in RunSettings.__dataclass_fields__ if name in values}
    known["photos"] = tuple(known.get("photos") or ())
    known |= {"size": Size.from_dict(state["size"]), "recipe": Recipe.from_dict(state["recipe"])}
    return RunSettings(**{"data": None, **known})


def knows_name(run: Path) -> bool:
    """Whether the settings of a run contain the name of its model; runs of older versions do not."""
    return "name" in _stored(run)


def _stored(run: Path) -> dict[str, Any]:
    path = run / SETTINGS
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    return values


def _write_settings(run: Path, settings: RunSettings) -> None:
    values = {**asdict(settings), "size": settings.size.to_dict(), "recipe": settings.recipe.to_dict()}
    if settings.data is not None:
        values["data"] = str(Path(settings.data).resolve())
    values["photos"] = [str(Path(folder).resolve()) for folder in settings.photos]
    with atomic_file(run / SETTINGS) as file:
        file.write((json.dumps(values, indent=2) + "\n").encode("utf-8"))


def _data(settings: RunSettings) -> tuple[SimulatedSource | CropSource, list[LoadedPair]]:
    """Source of the training batches, and held-out pairs."""
    frames = settings.size.sees_whole_photo
    if settings.data is not None:
        pairs = find_pairs(Path(settings.data), "train")
        training, held_out = split_by_scene(pairs, settings.validation_scenes, settings.split_seed)
        source = CropSource([load_pair(pair) for pair in training], settings.recipe.seed, frames)
        return source, [load_pair(pair) for pair in held_out]
    if not settings.photos:
        raise OptionError("give a folder of pairs (--data) or of clean photos (--photos)")
    from .frames import check_crop
    from .photos import load_photos
    from .simulated import SimulatedSource, validation_pairs

    for_training, held = _photo_paths(settings)
    photos = load_photos(for_training)
    for photo in photos:  # now, not when the photo is drawn, which may be hours later
        check_crop(photo.shape, max(stage.crop for stage in settings.recipe.stages))
    simulated = SimulatedSource(photos, settings.recipe.seed, frames)
    return simulated, validation_pairs(load_photos(held))


def _plain_nights_of(size: Size, source: SimulatedSource | CropSource) -> PlainNights | None:
    """The kernel regression of the whole-photo branch at the beginning of a run.

    It is fitted to clean photos, if there are enough. Pairs teach a brightness of their own, which the
    regression of the initial weights would undo: it is removed.

    Returns:
        the regression; None if the network has none, or if there are too few photos to change that of the
        initial weights.
    """
    from ..flow.whole_photo import WholePhotoBranch
    from .simulated import SimulatedSource

    if not isinstance(size.encoder, UNetSize):
        return None
    branch = WholePhotoBranch.of_size(size.encoder)
    if branch.plain_nights is None or branch.tones is None:
        return None
    from .plain_nights_fit import FEWEST_PHOTOS, fit_plain_nights

    if isinstance(source, SimulatedSource):
        if len(source.photos) < FEWEST_PHOTOS:
            return None
        fit_plain_nights(branch.plain_nights, branch.tones, source)
    return branch.plain_nights


def _photo_paths(settings: RunSettings) -> tuple[list[Path], list[Path]]:
    """Training and held-out photos; about the same number is held out of each folder."""
    from .photos import find_photos, split_photos

    training: list[Path] = []
    held_out: list[Path] = []
    for number, folder in enumerate(settings.photos):
        share, remainder = divmod(settings.validation_scenes, len(settings.photos))
        count = share + (number < remainder)
        some, others = split_photos(find_photos(Path(folder)), count, settings.split_seed)
        training += some
        held_out += others
    return training, held_out


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:  # one device per process of torch's launcher
        name = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(name)
    return torch.device(name)


def _batch_workers(workers: Workers, device: torch.device, simulated: bool) -> int:
    """Number of processes that compute batches for one training process; 0 if it has to do so itself."""
    cores = (os.cpu_count() or 1) // workers.count
    if device.type == "cpu":  # batches of pairs cost little
        return min(8, max(0, cores - torch.get_num_threads())) if simulated else 0
    return max(1, min(8, cores - 1))
