"""Setting up a training run: finding and splitting the data, building the trainer, fitting the prior."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..errors import CheckpointError, OptionError
from ..flow import Size
from ..flow.sizes import UNetSize
from .crops import BatchSource, CropSource
from .distributed import Workers, join_workers
from .growth import grown
from .loop import CHECKPOINT, Trainer
from .pairs import LoadedPair, Pair, find_pairs, load_pair, split_by_scene
from .prefetch import PrefetchSource
from .run_settings import (
    PhotoNames,
    RunSettings,
    changes_of_photos,
    knows_name,
    read_settings,
    write_settings,
)

if TYPE_CHECKING:
    from ..flow.plain_nights import PlainNights
    from ..flow.prior import LatentPrior
    from .simulated import SimulatedSource

__all__ = ["RunSettings", "build_trainer", "input_ranges_of", "knows_name", "prior_of", "read_settings"]

_logger = logging.getLogger(__name__)

_NIGHTS = ((-3.0, "daylight"), (-5.0, "tungsten"), (-2.0, "led"), (-4.0, "sodium"))
"""Exposure in EV and illuminant of the simulated nights that a prior is fitted to."""


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
        photos = _photo_names(settings)
        if resume and (change := changes_of_photos(run, photos)):
            _logger.warning("%s", change)
        write_settings(run, settings, photos)
    if resume:
        trainer.resume()
    return trainer


def input_ranges_of(settings: RunSettings) -> dict[str, list[float]]:
    """Ranges of the dark photos of a run's training data, in the form of a card's ``inputs``."""
    from .input_ranges import input_ranges, simulated_input_ranges

    if settings.data is not None:
        return input_ranges(pair.low for pair in _pairs(settings)[0])
    from .photos import load_photos

    photos, _ = _photo_paths(settings)
    return simulated_input_ranges(load_photos(photos), seed=settings.recipe.seed)


def held_out_pairs(settings: RunSettings) -> list[LoadedPair]:
    """The held-out pairs of a run; those of clean photos are simulated in several nights in turn."""
    if settings.data is not None:
        return [load_pair(pair) for pair in _pairs(settings)[1]]
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


def _data(settings: RunSettings) -> tuple[SimulatedSource | CropSource, list[LoadedPair]]:
    """Source of the training batches, and held-out pairs."""
    frames = settings.size.sees_whole_photo
    if settings.data is not None:
        training, held_out = _pairs(settings)
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


def _pairs(settings: RunSettings) -> tuple[list[Pair], list[Pair]]:
    """Training pairs and held-out pairs of a run that has pairs."""
    pairs = find_pairs(Path(settings.data or ""), "train")
    return split_by_scene(pairs, settings.validation_scenes, settings.split_seed)


def _photo_names(settings: RunSettings) -> PhotoNames:
    """Names that stay the same if the folder of the data is moved."""
    if settings.data is None:
        training, held_out = (tuple(path.name for path in paths) for paths in _photo_paths(settings))
        return PhotoNames(training, held_out)
    training, held_out = (
        tuple(os.path.relpath(pair.low, settings.data) for pair in pairs) for pairs in _pairs(settings)
    )
    return PhotoNames(training, held_out)


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
