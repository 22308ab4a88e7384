"""Network sizes as data: everything needed to build a network and to know its cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from .exposure import is_rule

__all__ = ["COMPACT", "LARGE", "SIZES", "SMALL", "Size"]


@dataclass(frozen=True)
class Size:
    """Hyperparameters of the conditional encoder and the flow.

    Attributes:
        features: channels ``F`` of the encoder.
        growth: channels ``G`` each convolution adds inside a dense block.
        blocks: number ``B`` of residual-in-residual dense blocks.
        stacked: numbers (from 0) of the blocks whose outputs are stacked onto the conditions.
        steps: flow steps ``K`` with coupling per level.
        hidden: hidden channels of the coupling networks.
        transition_steps: flow steps without coupling at the start of each level.
        exposure: coefficients of the rule that brings photos to a common exposure before the network sees
            them (see `flow.exposure`); empty where photos are seen as they are.
    """

    features: int
    growth: int
    blocks: int
    stacked: tuple[int, ...]
    steps: int
    hidden: int = 64
    transition_steps: int = 2
    exposure: tuple[float, ...] = ()

    LEVELS = 3
    MULTIPLE = 8
    """Height and width inside the network are multiples of this."""

    def __post_init__(self) -> None:
        for name in ("features", "growth", "blocks", "steps", "hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.exposure and not is_rule(self.exposure):
            raise ValueError(f"{len(self.exposure)} coefficients cannot be an exposure rule")
        if any(not 0 <= number < self.blocks for number in self.stacked):
            raise ValueError(f"stacked {self.stacked} names blocks outside 0..{self.blocks - 1}")

    @property
    def condition_channels(self) -> int:
        """Channels of each level's condition: ``F * (1 + len(stacked))``."""
        return self.features * (1 + len(self.stacked))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-ready values; `from_dict` reads them back."""
        values = {**asdict(self), "stacked": list(self.stacked), "exposure": list(self.exposure)}
        if not self.exposure:
            del values["exposure"]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Size:
        """Build from `to_dict`'s output; unknown keys are an error."""
        known = {field.name for field in fields(cls)}
        if unknown := set(values) - known:
            raise ValueError(f"unknown size settings {sorted(unknown)}; known are {sorted(known)}")
        listed = {name: tuple(values.get(name, ())) for name in ("stacked", "exposure")}
        return cls(**{**values, **listed})


COMPACT = Size(features=32, growth=16, blocks=3, stacked=(0,), steps=2, hidden=16)
"""For laptops: 0.35 MFLOP per pixel, and a thirtieth of that for every further rendering."""
SMALL = Size(features=32, growth=32, blocks=4, stacked=(1,), steps=4)
"""The paper's small network: 1.2 MFLOP per pixel."""
LARGE = Size(features=64, growth=32, blocks=24, stacked=(1, 3, 5, 7), steps=12)
"""The paper's large network."""

SIZES = {"compact": COMPACT, "small": SMALL, "large": LARGE}
