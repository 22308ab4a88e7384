"""The training loop: steps, validation, checkpoints, and resuming to the same weights."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..errors import CheckpointError, TrainingDataError
from ..flow import LLFlow, Size
from ..flow.plain_nights import PlainNights
from ..models.checkpoint import load_checkpoint, save_checkpoint
from .compiled import compile_parts
from .crops import Batch, BatchSource
from .distributed import ALONE, Workers
from .ema import WeightAverage
from .log import TrainingLog
from .loss import LossTerms, encode_batch, frame_loss, hybrid_loss
from .pairs import LoadedPair
from .prefetch import PrefetchSource
from .recipe import Recipe
from .validate import Validation, validate

__all__ = ["Progress", "Trainer"]

_logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"


@dataclass(frozen=True)
class Progress:
    """The state of a run after a step, for progress callbacks."""

    step: int
    steps: int
    loss: float
    nll: float
    seconds_left: float
    skipped: int
    validation: Validation | None


class _Clock:
    """Predicts the remaining time from the number of pixels, since later stages have slower steps."""

    def __init__(self, recipe: Recipe, step: int) -> None:
        self._recipe = recipe
        self._work = recipe.work_after(step)
        self._started = time.monotonic()

    def seconds_left(self, step: int) -> float:
        left = self._recipe.work_after(step)
        return (time.monotonic() - self._started) / max(1, self._work - left) * left


class Trainer:
    """One run in one folder: ``checkpoint.pt`` (newest), ``best.pt``, ``log.csv``, ``log.png``.

    On the CPU, the same seed, data and number of threads give the same weights, whether resumed or not.

    Args:
        run: folder of the run, created if missing.
        size: size of the network.
        recipe: settings of the training.
        source: source of the batches.
        validation: held-out pairs.
        device: the device to train on.
        start: initial weights (for fine-tuning); by default they are random.
        workers: the processes of the run; each computes a part of every batch.
        compiled: whether to compile the network, see `compiled.compile_parts`.
        plain_nights: kernel regression of the whole-photo branch, which replaces that of the initial weights.
    """

    def __init__(
        self,
        run: Path,
        size: Size,
        recipe: Recipe,
        source: BatchSource,
        validation: Sequence[LoadedPair] = (),
        device: torch.device | str = "cpu",
        start: dict[str, torch.Tensor] | None = None,
        workers: Workers = ALONE,
        compiled: bool = False,
        plain_nights: PlainNights | None = None,
    ) -> None:
        self.run = Path(run)
        self.run.mkdir(parents=True, exist_ok=True)
        self.recipe = recipe
        self.source = source
        self.validation = list(validation)
        self.device = torch.device(device)
        self.workers = workers
        self.compiled = compiled
        torch.manual_seed(recipe.seed)
        self.model = LLFlow(size)
        if start is not None:
            self.model.load_state_dict(start)
        if plain_nights is not None and self.model.branch is not None:
            self.model.branch.plain_nights = plain_nights
        self.model = _placed(self.model, self.device)
        self.average = WeightAverage(self.model, recipe.ema)
        fused = self.device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), recipe.learning_rate, recipe.betas, fused=fused
        )
        self.log = TrainingLog(self.run)
        self.fresh = start is None
        self.step = 0
        self.skipped = 0
        self.best = -math.inf

    def resume(self) -> None:
        """Load the run's newest checkpoint.

        Raises:
            CheckpointError: there is none, or the network's size differs.
        """
        state = load_checkpoint(self.run / CHECKPOINT)
        if Size.from_dict(state["size"]) != self.model.size:
            raise CheckpointError(
                f"{self.run / CHECKPOINT} has size {state['size']}, but this run {self.model.size.to_dict()}"
            )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.skipped, self.best = state["step"], state["skipped"], state["best"]
        self.log.cut_after(self.step)

    def train(
        self,
        progress: Callable[[Progress], None] | None = None,
        validate_every: int = 500,
        save_every: int = 250,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run to the end of the recipe, or until ``stop`` returns true after a step; then write a checkpoint.

        Raises:
            TrainingDataError: the loss was not finite in 100 consecutive steps.
            OptionError: the network is to be compiled, but this system cannot do so.
        """
        if self.fresh and self.step == 0:
            self._initialize()
        if self.compiled:
            compile_parts(self.model)
        clock = _Clock(self.recipe, self.step)
        not_finite = 0
        stop_requested = False
        while self.step < self.recipe.steps:
            terms, all_stop = self._one_step(stop_requested)
            not_finite = not_finite + 1 if terms is None else 0
            if not_finite >= 100:
                raise TrainingDataError(
                    "the loss was not finite in 100 consecutive steps; lower the learning rate or check the "
                    "photos"
                )
            self.step += 1
            finished = self.step == self.recipe.steps
            stop_requested = stop()
            # Several processes stop together, one step after the first request.
            stopping = finished or all_stop or (stop_requested and self.workers.count == 1)
            result = None
            if self.workers.is_first and self.validation and (self.step % validate_every == 0 or finished):
                result = self._validate()
            if self.workers.is_first and (terms is not None or result is not None):
                self.log.add(self.step, self.recipe.rate_at(self.step - 1), terms, result)
            due = self.step % save_every == 0 or stopping or result is not None
            if self.workers.is_first and due:
                self.log.flush()  # before the checkpoint: resuming can delete later rows, but not add rows
                save_checkpoint(self.run / CHECKPOINT, self._state())
            if progress is not None:
                progress(
                    Progress(
                        self.step,
                        self.recipe.steps,
                        float(terms.total.detach()) if terms else math.nan,
                        terms.nll if terms else math.nan,
                        clock.seconds_left(self.step),
                        self.skipped,
                        result,
                    )
                )
            if stopping:
                break
        if self.workers.is_first:
            self.log.plot()

    def close(self) -> None:
        """Stop the processes that compute batches in advance, if there are any."""
        if isinstance(self.source, PrefetchSource):
            self.source.close()

    def _initialize(self) -> None:
        """Initialize the ActNorms from the first batch."""
        batch = self._batch()
        self.model.flow.initialize_from_next_batch()
        with torch.no_grad():
            conditioning, _ = encode_batch(self.model, batch)
            self.model.latent_of(batch.reference, conditioning)
            self.workers.adopt_first(self.model.state_dict().values())
        self.average = WeightAverage(self.model, self.recipe.ema)

    def _batch(self) -> Batch:
        stage = self.recipe.stage_at(self.step)
        share = self.workers.share_of(stage.batch)
        number = self.step * self.workers.count + self.workers.rank
        batch = self.source.batch(number, stage.crop, share)
        return batch.to(self.device)

    def _one_step(self, stop_requested: bool) -> tuple[LossTerms | None, bool]:
        """Run one update; return its terms, and whether any process of the run was requested to stop.

        The terms are None if the step was skipped because the loss or its gradient was not finite.
        """
        batch = self._batch()
        number = self.step * self.workers.count + self.workers.rank
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + number)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.recipe.mixed_precision):
            conditioning, context = encode_batch(self.model, batch)
        frames = batch.frames
        terms = hybrid_loss(
            self.model,
            conditioning,
            batch.reference,
            self.recipe.weights,
            generator,
            None if frames is None else frames.weights,
        )
        if context is not None and frames is not None and self.model.branch is not None:
            of_frames = frame_loss(context, frames.thumbnails, frames.references, frames.weights)
            more = self.model.branch.predicted(frames.more_thumbnails)
            of_more = frame_loss(more, frames.more_thumbnails, frames.more_references, frames.more_weights)
            terms = terms.with_term(self.recipe.weights.frame * (of_frames + of_more))
        self.optimizer.zero_grad(set_to_none=True)
        finite = bool(torch.isfinite(terms.total))
        # Also called for a loss that is not finite: the other processes wait for this one's gradients.
        torch.autograd.backward(terms.total if finite else terms.total * math.nan)
        all_stop = self.workers.average_gradients(self.model.parameters(), stop_requested)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        if torch.isfinite(norm):
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.rate_at(self.step)
            self.optimizer.step()
            self.average.update(self.model)
            return terms, all_stop
        self.skipped += 1
        _logger.warning("step %d was skipped because its loss or gradient was not finite", self.step)
        return None, all_stop

    def averaged_model(self) -> LLFlow:
        """A copy of the network with the averaged weights, in evaluation mode."""
        model = LLFlow(self.model.size)
        model.load_state_dict(self.average.average)
        return _placed(model, self.device).eval()

    def _validate(self) -> Validation:
        result = validate(self.averaged_model(), self.validation, self.device)
        score = result.psnr + result.psnr_aligned
        if score > self.best:
            self.best = score
            save_checkpoint(
                self.run / BEST,
                {
                    "step": self.step,
                    "size": self.model.size.to_dict(),
                    "model": {name: tensor.cpu() for name, tensor in self.average.average.items()},
                    "validation": dataclasses.asdict(result),
                },
            )
        return result

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "skipped": self.skipped,
            "best": self.best,
            "size": self.model.size.to_dict(),
            "recipe": self.recipe.to_dict(),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }


def _placed(model: LLFlow, device: torch.device) -> LLFlow:
    """Move a model to a device, with convolutions in the faster channels-last layout."""
    placed: LLFlow = model.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed
