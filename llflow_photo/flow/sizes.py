"""Network sizes: the hyperparameters that determine a network and its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

__all__ = ["COMPACT", "LARGE", "SIZES", "SMALL", "DenseSize", "Size", "UNetSize", "size_of_settings"]


@dataclass(frozen=True)
class DenseSize:
    """The paper's encoder: residual-in-residual dense blocks at half the photo's size.

    Attributes:
        features: number of channels ``F``.
        growth: channels ``G`` that each convolution adds inside a dense block.
        blocks: number ``B`` of residual-in-residual dense blocks.
        stacked: numbers (from 0) of the blocks whose outputs are stacked onto the conditions.
    """

    features: int
    growth: int
    blocks: int
    stacked: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "stacked", tuple(self.stacked))
        _check_positive(self, ("features", "growth", "blocks"))
        if any(not 0 <= number < self.blocks for number in self.stacked):
            raise ValueError(f"stacked {self.stacked} names blocks outside 0..{self.blocks - 1}")

    @property
    def condition_channels(self) -> tuple[int, ...]:
        """Channels of each level's condition: ``F * (1 + len(stacked))``."""
        return (self.features * (1 + len(self.stacked)),) * Size.LEVELS


@dataclass(frozen=True)
class UNetSize:
    """A U-Net with a whole-photo branch, see `flow.unet`.

    Attributes:
        widths: channels at 1/2, 1/4, 1/8 of the photo's size.
        down: residual blocks at each of these on the way down.
        up: residual blocks at 1/2, 1/4 on the way up.
        vector: length of the whole-photo vector.
        branch: residual blocks at each of the two finer scales of the whole-photo branch.
        quantiles: quantiles of each channel's light that are inputs of the whole-photo branch.
        points: centers of the kernel regression of the exposure of plain nights, see `flow.plain_nights`; it
            needs quantiles.
    """

    widths: tuple[int, ...]
    down: tuple[int, ...]
    up: tuple[int, ...]
    vector: int = 96
    branch: int = 0
    quantiles: int = 0
    points: int = 0

    def __post_init__(self) -> None:
        for name in ("widths", "down", "up"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _check_positive(self, ("vector",))
        counts = (len(self.widths), len(self.down), len(self.up) + 1)
        if counts != (Size.LEVELS,) * 3:
            raise ValueError(f"widths, down and up have {counts[0]}, {counts[1]} and {counts[2] - 1} entries")
        counted = (*self.down, *self.up, self.branch, self.quantiles, self.points)
        if min(self.widths) < 1 or min(counted) < 0:
            raise ValueError(
                f"widths {self.widths}, down {self.down}, up {self.up}, branch {self.branch}, "
                f"quantiles {self.quantiles} or points {self.points}: too small"
            )
        if self.points and not self.quantiles:
            raise ValueError(f"{self.points} points need quantiles, but there are none")

    @property
    def condition_channels(self) -> tuple[int, ...]:
        """Channels of each level's condition."""
        return self.widths


@dataclass(frozen=True)
class Size:
    """Hyperparameters of the conditional encoder and the flow.

    Attributes:
        encoder: size of the encoder; its type selects the kind.
        steps: flow steps with coupling at levels 1, 2, 3; a single number applies to all levels.
        hidden: hidden channels of the coupling networks.
        transition_steps: flow steps without coupling at the start of each level.
        prior: whether the latent has a `flow.prior.LatentPrior`; otherwise its prior is N(g, I).
    """

    encoder: DenseSize | UNetSize
    steps: tuple[int, ...]
    hidden: int = 64
    transition_steps: int = 2
    prior: bool = False

    LEVELS = 3
    MULTIPLE = 8
    """Height and width inside the network are multiples of this."""

    def __post_init__(self) -> None:
        steps = (self.steps,) * self.LEVELS if isinstance(self.steps, int) else tuple(self.steps)
        object.__setattr__(self, "steps", steps)
        _check_positive(self, ("hidden",))
        if len(steps) != self.LEVELS or min(steps) < 1:
            raise ValueError(f"steps must be {self.LEVELS} numbers of at least 1, not {steps}")

    @property
    def sees_whole_photo(self) -> bool:
        """Whether the network has a whole-photo branch."""
        return isinstance(self.encoder, UNetSize)

    def to_dict(self) -> dict[str, Any]:
        """Convert to values for JSON and `from_dict`."""
        kind = "unet" if self.sees_whole_photo else "dense"
        encoder = {name: _listed(value) for name, value in asdict(self.encoder).items()}
        return {name: _listed(value) for name, value in asdict(self).items()} | {"encoder": {kind: encoder}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Size:
        """Build from the output of `to_dict`, or from a flat dictionary with a dense encoder's settings.

        Raises:
            ValueError: a setting is unknown, missing or invalid.
        """
        values = dict(values)
        try:
            if "encoder" in values:
                ((kind, encoder),) = values.pop("encoder").items()
            else:
                names = [field.name for field in fields(DenseSize) if field.name in values]
                kind, encoder = "dense", {name: values.pop(name) for name in names}
            known = {field.name for field in fields(cls)} - {"encoder"}
            if unknown := set(values) - known:
                raise ValueError(f"unknown size settings {sorted(unknown)}; known are {sorted(known)}")
            values.setdefault("prior", kind == "unet")
            return cls({"dense": DenseSize, "unet": UNetSize}[kind](**encoder), **values)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"the size cannot be read: {error}") from error


def _check_positive(settings: object, names: tuple[str, ...]) -> None:
    for name in names:
        if getattr(settings, name) < 1:
            raise ValueError(f"{name} must be at least 1, not {getattr(settings, name)}")


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


COMPACT = Size(
    UNetSize(widths=(32, 64, 128), down=(2, 2, 3), up=(3, 2), branch=3, quantiles=32, points=1000),
    steps=(1, 1, 2),
    hidden=16,
    transition_steps=0,
    prior=True,
)
"""For laptops: a U-Net with a whole-photo branch."""
SMALL = Size(DenseSize(features=32, growth=32, blocks=4, stacked=(1,)), steps=(4, 4, 4))
"""The paper's small network: 1.2 MFLOP per pixel."""
LARGE = Size(DenseSize(features=64, growth=32, blocks=24, stacked=(1, 3, 5, 7)), steps=(12, 12, 12))
"""The paper's large network."""

SIZES = {"compact": COMPACT, "small": SMALL, "large": LARGE}
"""The predefined sizes by name."""


def size_of_settings(settings: Mapping[str, tuple[int, ...]]) -> Size:
    """Build a size from individual settings; settings that are not given are those of `COMPACT` or `SMALL`.

    `SMALL`, with its first block stacked, is the base if a setting of a dense encoder is given; otherwise
    `COMPACT` is. Scalar settings are given as tuples of length 1.

    Raises:
        ValueError: a setting is unknown or does not apply.
    """
    dense = {field.name for field in fields(DenseSize)} & set(settings)
    base = SMALL if dense else COMPACT
    values = base.to_dict()
    ((_, encoder),) = values["encoder"].items()
    if dense:
        encoder["stacked"] = [0]  # the only block that every network has
    for name, numbers in settings.items():
        part = encoder if name in encoder else values
        single = not isinstance(part.get(name, ()), list)
        if single and len(numbers) != 1:
            raise ValueError(f"{name} is {numbers}; a single number is expected")
        part[name] = numbers[0] if single or (name == "steps" and len(numbers) == 1) else list(numbers)
    if encoder.get("quantiles") == 0 and "points" not in settings:
        encoder["points"] = 0
    return Size.from_dict(values)
