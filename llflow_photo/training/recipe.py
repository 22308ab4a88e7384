"""The settings of a training run: stages, loss weights and learning rate."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import TrainingDataError
from .loss import LossWeights

__all__ = ["Recipe", "Stage", "parse_stages"]


@dataclass(frozen=True)
class Stage:
    """A number of steps with the same crop size (pixels, a multiple of 8) and batch size."""

    crop: int
    batch: int
    steps: int


@dataclass(frozen=True)
class Recipe:
    """Everything besides the data that determines the result of a run.

    Attributes:
        stages: stages of the run; later crops are larger, for brightness and large structures.
        weights: weights of the loss.
        learning_rate: learning rate of Adam, reached after ``warmup`` steps and then decreased to
            ``final_rate`` along a cosine.
        final_rate: learning rate of the last step.
        betas: coefficients of Adam.
        warmup: number of steps with increasing learning rate.
        clip: maximum norm of the gradients, to which they are scaled down.
        ema: decay of the averaged weights, which are validated and exported.
        seed: seed of everything random.
        mixed_precision: run the encoder and condition networks in bfloat16.

    Raises:
        TrainingDataError: a value is outside its range.
    """

    stages: tuple[Stage, ...] = (Stage(96, 8, 6000), Stage(160, 4, 3000), Stage(256, 2, 1500))
    weights: LossWeights = field(default_factory=LossWeights)
    learning_rate: float = 5e-4
    final_rate: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.99)
    warmup: int = 200
    clip: float = 1.0
    ema: float = 0.999
    seed: int = 0
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        positive = {"learning_rate": self.learning_rate, "clip": self.clip}
        shares = {"ema": self.ema, **{f"betas[{number}]": beta for number, beta in enumerate(self.betas)}}
        for name, value in positive.items():
            if not value > 0:
                raise TrainingDataError(f"{name} must be above 0, not {value}")
        for name, value in shares.items():
            if not 0 <= value < 1:
                raise TrainingDataError(f"{name} must be from 0 to below 1, not {value}")
        for name, value in {"warmup": self.warmup, "final_rate": self.final_rate}.items():
            if not value >= 0:
                raise TrainingDataError(f"{name} must be at least 0, not {value}")

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> Stage:
        """The stage that step number ``step`` (from 0) belongs to."""
        for stage in self.stages:
            if step < stage.steps:
                return stage
            step -= stage.steps
        return self.stages[-1]

    def rate_at(self, step: int) -> float:
        """Learning rate of step number ``step`` (from 0)."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        share = (step - self.warmup) / max(1, self.steps - self.warmup)
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, share)))
        return self.final_rate + (self.learning_rate - self.final_rate) * cosine

    def work_after(self, step: int) -> int:
        """Number of pixels in the remaining steps from number ``step`` (from 0) on."""
        work = 0
        for stage in self.stages:
            left = min(stage.steps, max(0, stage.steps - step))
            work += left * stage.crop**2 * stage.batch
            step = max(0, step - stage.steps)
        return work

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values for `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """Build from the output of `to_dict`.

        Raises:
            TrainingDataError: a setting is unknown or missing.
        """
        try:
            stages = tuple(Stage(**stage) for stage in values["stages"])
            weights = LossWeights(**values["weights"])
            rest = {name: value for name, value in values.items() if name not in ("stages", "weights")}
            rest["betas"] = tuple(rest.get("betas", cls.betas))
            return cls(stages=stages, weights=weights, **rest)
        except (KeyError, TypeError) as error:
            raise TrainingDataError(f"the recipe of the run cannot be read: {error}") from error


def parse_stages(text: str) -> tuple[Stage, ...]:
    """Read ``"96x8:6000,160x4:3000"``: crop x batch : steps, one after another."""
    stages = []
    for part in text.split(","):
        try:
            shape, steps = part.split(":")
            crop, batch = shape.split("x")
            stage = Stage(int(crop), int(batch), int(steps))
        except ValueError as error:
            raise TrainingDataError(
                f"stage {part!r} is not CROPxBATCH:STEPS, for example 96x8:6000"
            ) from error
        if stage.crop < 16 or stage.crop % 8 or stage.batch < 1 or stage.steps < 1:
            raise TrainingDataError(
                f"stage {part!r}: the crop must be a multiple of 8 from 16 up, batch and steps at least 1"
            )
        stages.append(stage)
    return tuple(stages)
