"""The description of a latent, which determines a rendering independently of tiles and machines.

It is relative to the photo's mean latent, in units of the model's prior (`flow.prior`): the look of the frame
and its regions, one standard normal value per direction and order; and noise of single positions, which is
the grain. `engine.offsets` converts both to offsets for a model. Models without such a prior only have the
noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from ..errors import OptionError
from ..flow.basis import DIRECTIONS, ORDERS
from .noise import white_noise

__all__ = [
    "AnyLatent",
    "Blend",
    "Latent",
    "around",
    "interpolate",
    "look_scales",
    "seeds_of",
    "with_brightness",
]


_FRAME_POWER, _REGIONS_POWER = 0.5, 8.0
"""Powers of temperatures below 1: how much of the look, and for the frame of the prior's mean, is left."""


def look_scales(temperature: float) -> tuple[float, float]:
    """Scales of the look of the frame and of that of its regions at a temperature; see `Latent`."""
    if temperature >= 1.0:
        return temperature, temperature
    return temperature**_FRAME_POWER, temperature**_REGIONS_POWER


_GOLDEN_RATIO = 11400714819323198485
"""The fractional part of the golden ratio, times 2^64."""
_FIRST_QUANTILE = int(0.46 * 2**64)


@dataclass(frozen=True)
class Latent:
    """The latent of one rendering.

    Attributes:
        seed: seed of the look of the frame, at least 0; also of everything else if ``detail_seed`` is None.
        temperature: scale of the variation: 0 is the best guess, 1 varies as much as references do. Below 1,
            the look of the frame is scaled by its square root, that of regions by its eighth power: regions
            add little to the variety, but cost as much quality as the frame.
        grain: noise of single positions, from 0 (none) to 1 (as much as the prior has). For models without a
            prior it is ignored; the strength of their noise depends on the temperature only.
        brightness: shift along the model's `GainPath`, in EV, about -2 to 1; negative is darker.
        detail_seed: seed of the look of regions and of the grain. Photos with the same ``seed`` and different
            ``detail_seed`` have the same overall look.
        grain_seed: seed of the grain if it differs from ``detail_seed``: the frames of a series share the
            look of their regions, but not their grain. The noise of models without a prior depends on
            ``detail_seed``.
    """

    seed: int = 0
    temperature: float = 0.0
    grain: float = 0.0
    brightness: float = 0.0
    detail_seed: int | None = None
    grain_seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("seed", "detail_seed", "grain_seed"):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= 0) and not (name != "seed" and value is None):
                raise OptionError(f"{name} is {value!r}; give a whole number from 0 up")
        for name in ("temperature", "grain", "brightness"):
            if not math.isfinite(getattr(self, name)):
                raise OptionError(f"{name} is {getattr(self, name)!r}; give a finite number")
        if self.temperature < 0:
            raise OptionError(f"temperature is {self.temperature:g}; give 0 or more")
        if not 0 <= self.grain <= 1:
            raise OptionError(f"grain is {self.grain:g}; it must be from 0 to 1")

    def look(self) -> np.ndarray | None:
        """The look of the frame and its regions, scaled by the temperature; None at temperature 0.

        Returns:
            `DIRECTIONS` x len(`ORDERS`), float64, standard normal at temperature 1. Order (0, 0) depends on
            ``seed``, the others on the detail seed. The first value of the frame, which changes brightness
            most, is spread evenly over consecutive seeds, so that a few renderings cover the distribution.
        """
        if self.temperature == 0:
            return None
        values = _normals(self._detail_seed, 2, (DIRECTIONS, len(ORDERS)))
        values[0, 0] = _brightness_of(self.seed)
        values[1:, 0] = _normals(self.seed, 1, (DIRECTIONS,))[1:]
        of_frame, of_regions = look_scales(self.temperature)
        values[:, 0] *= of_frame
        values[:, 1:] *= of_regions
        return values

    @property
    def mean_share(self) -> float:
        """Share of the prior's mean in the latent, from 0 at temperature 0 to 1 at temperatures from 1 on."""
        return float(min(self.temperature, 1.0) ** _FRAME_POWER)

    def noise_block(self, rows: slice, cols: slice, *, grain: bool) -> np.ndarray | None:
        """Independent noise for part of the latent; None if it is zero.

        Args:
            rows: rows of the frame's latent grid (one per 8 pixels).
            cols: columns of the grid.
            grain: whether the noise is scaled by the grain; False for models without a prior.

        Returns:
            192 x rows x cols, float32, channels in the order of the flow's latent.
        """
        scale = self.temperature * (self.grain if grain else 1.0)
        if scale == 0:
            return None
        own = self.grain_seed if grain else None
        noise = white_noise(self._detail_seed if own is None else own, rows, cols)
        noise *= np.float32(scale)
        return noise

    def is_noisy(self, *, grain: bool) -> bool:
        """Whether `noise_block` is not zero."""
        return bool(self.temperature * (self.grain if grain else 1.0))

    @property
    def _detail_seed(self) -> int:
        return self.seed if self.detail_seed is None else self.detail_seed


@dataclass(frozen=True)
class Blend:
    """A mix of latents, ``sum(weight_k * latent_k)``, with weights scaled to ``sum(weight_k^2) = 1``.

    A mix of independent latents has the same variance as each of them. Its brightness and its share of the
    prior's mean are averages with the squared weights.

    Attributes:
        parts: pairs of a latent (or another blend) and its weight.
    """

    parts: tuple[tuple[AnyLatent, float], ...]

    def __post_init__(self) -> None:
        if not self.parts or not math.isfinite(self._norm()) or self._norm() == 0:
            weights = [weight for _, weight in self.parts]
            raise OptionError(f"the blend's weights are {weights}; give finite ones that are not all 0")

    @property
    def brightness(self) -> float:
        """Shift along the model's `GainPath`, in EV."""
        return sum(part.brightness * weight**2 for part, weight in self.parts) / self._norm() ** 2

    @property
    def mean_share(self) -> float:
        """See `Latent.mean_share`."""
        return sum(part.mean_share * weight**2 for part, weight in self.parts) / self._norm() ** 2

    def look(self) -> np.ndarray | None:
        """See `Latent.look`."""
        return self._mixed([part.look() for part, _ in self.parts])

    def noise_block(self, rows: slice, cols: slice, *, grain: bool) -> np.ndarray | None:
        """See `Latent.noise_block`."""
        return self._mixed([part.noise_block(rows, cols, grain=grain) for part, _ in self.parts])

    def is_noisy(self, *, grain: bool) -> bool:
        """See `Latent.is_noisy`."""
        return any(part.is_noisy(grain=grain) for part, weight in self.parts if weight)

    def _mixed(self, blocks: list[np.ndarray | None]) -> np.ndarray | None:
        total = None
        for block, (_, weight) in zip(blocks, self.parts, strict=True):
            if block is not None and weight:
                share = block * block.dtype.type(weight / self._norm())
                total = share if total is None else total + share
        return total

    def _norm(self) -> float:
        return math.sqrt(sum(weight * weight for _, weight in self.parts))


AnyLatent = Latent | Blend


def interpolate(first: AnyLatent, second: AnyLatent, position: float) -> AnyLatent:
    """Interpolate from ``first`` (0) to ``second`` (1) along a great circle, which keeps the variance."""
    if not 0 <= position <= 1:
        raise OptionError(f"position is {position!r}; it must be from 0 (first) to 1 (second)")
    if position in (0, 1):
        return second if position else first
    angle = position * math.pi / 2
    return Blend(((first, math.cos(angle)), (second, math.sin(angle))))


def around(chosen: AnyLatent, seed: int, spread: float, temperature: float = 0.8) -> AnyLatent:
    """Create a new latent near ``chosen``.

    Args:
        seed: seed of the new look and grain; not one of ``chosen``, whose look would only become stronger.
        spread: 0 returns ``chosen``, 1 an independent latent.
        temperature: temperature of the new latent if that of ``chosen`` is 0.
    """
    main = chosen
    while isinstance(main, Blend):
        main = max(main.parts, key=lambda part: abs(part[1]))[0]
    fresh = replace(
        main, seed=seed, detail_seed=None, grain_seed=None, temperature=main.temperature or temperature
    )
    return interpolate(chosen, fresh, spread)


def seeds_of(latent: AnyLatent) -> set[int]:
    """The seeds of the looks that a latent consists of."""
    if isinstance(latent, Latent):
        return {latent.seed}
    return set().union(*(seeds_of(part) for part, _ in latent.parts))


def with_brightness(latent: AnyLatent, brightness: float) -> AnyLatent:
    """A copy of ``latent`` with another brightness."""
    if isinstance(latent, Latent):
        return replace(latent, brightness=brightness)
    return Blend(tuple((with_brightness(part, brightness), weight) for part, weight in latent.parts))


def _brightness_of(seed: int) -> float:
    """A standard normal value whose quantile advances by the golden ratio from seed to seed.

    This is an additive recurrence of low discrepancy, see Niederreiter 1992, *Random Number Generation and
    Quasi-Monte Carlo Methods*. The first eight values are nearly symmetric.
    """
    steps = (seed * _GOLDEN_RATIO + _FIRST_QUANTILE) % 2**64
    return NormalDist().inv_cdf(((steps >> 12) + 0.5) / 2**52)  # exact, thus never 0 or 1


def _normals(seed: int, stream: int, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal values for a seed and a stream number, float64."""
    generator = np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, stream))))
    return generator.standard_normal(shape)
