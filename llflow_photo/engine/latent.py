"""The latent as a description: its values for any block of positions, the same whatever tile or machine asks.

Noise comes in two kinds, which coherence weighs against each other: independent N(0, 1) in every channel at
every latent position, which varies fine detail; and gains, a smooth field of exposure and warmth whose
correlation length grows with coherence until it is constant over the frame. The model's `GainPath` turns
gains into shifts of the latent; smooth noise added to the latent as it is would leave a grid of 8 pixels in
the picture or drive the flow's inverse beyond what it knows. Mixtures mix gains first, to stay on the path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..errors import OptionError
from .noise import smooth_field, white_noise

__all__ = ["AnyLatent", "Blend", "Latent", "around", "interpolate"]

_GAIN_SPREAD = np.array([0.6, 0.4], np.float32)[:, None, None]
"""Standard deviation of exposure and warmth, in EV, at temperature 1 and coherence 1."""


@dataclass(frozen=True)
class Latent:
    """One rendering, described by four numbers.

    Attributes:
        seed: of the noise, from 0 up.
        temperature: standard deviation of the noise around the photo's mean latent; 0 decodes the mean.
        coherence: from 0 (independent noise at every position: detail varies) to 1 (gains constant over the
            frame: brightness and white balance vary); between, both vary, the gains over distances that grow
            with coherence, relative to the frame, so a preview and the full size look alike.
        brightness: shift along the model's `GainPath`, in EV, about -2 to 1; negative is darker.
    """

    seed: int = 0
    temperature: float = 0.0
    coherence: float = 0.0
    brightness: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.seed, int) or self.seed < 0:
            raise OptionError(f"seed is {self.seed!r}; give a whole number from 0 up")
        for name in ("temperature", "coherence", "brightness"):
            if not math.isfinite(getattr(self, name)):
                raise OptionError(f"{name} is {getattr(self, name)!r}; give a finite number")
        if self.temperature < 0:
            raise OptionError(f"temperature is {self.temperature:g}; give 0 or more")
        if not 0 <= self.coherence <= 1:
            raise OptionError(f"coherence is {self.coherence:g}; it must be from 0 to 1")

    def noise_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray:
        """Independent N(0, 1) for part of the latent.

        Args:
            rows: rows of the latent grid (one per 8 pixels), within ``height8``.
            cols: columns of the latent grid, within ``width8``.
            height8: rows of the whole photo's latent.
            width8: columns of the whole photo's latent.

        Returns:
            192 x rows x cols, float32, channels ordered as the flow's latent.
        """
        return white_noise(self.seed, rows, cols)

    def offset_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """``temperature * sqrt(1 - coherence) * noise`` as in `noise_block`, or None where it is zero."""
        if self.temperature == 0 or self.coherence == 1:
            return None
        noise = self.noise_block(rows, cols, height8, width8)
        noise *= np.float32(self.temperature * math.sqrt(1 - self.coherence))
        return noise

    def gain_noise_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """The gains that noise brings: 2 x rows x cols, exposure and warmth in EV, or None where zero."""
        if self.temperature == 0 or self.coherence == 0:
            return None
        field = smooth_field(self.seed, self.coherence, rows, cols, height8, width8)
        field *= np.float32(self.temperature * math.sqrt(self.coherence)) * _GAIN_SPREAD
        return field

    def gain_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """All gains, the brightness among them, as of `gain_noise_block`."""
        return _brightened(self.gain_noise_block(rows, cols, height8, width8), self.brightness, rows, cols)


@dataclass(frozen=True)
class Blend:
    """Several latents mixed: ``sum(weight_k * offset_k)``, the weights scaled to ``sum(weight_k^2) = 1``.

    Independent noises so keep their variance. Brightness is the average under the squared weights.

    Attributes:
        parts: pairs of a latent (or another blend) and its weight.
    """

    parts: tuple[tuple[AnyLatent, float], ...]

    def __post_init__(self) -> None:
        if not self.parts or not math.isfinite(self._norm()) or self._norm() == 0:
            raise OptionError(f"the blend's weights are {[w for _, w in self.parts]}; one must not be 0")

    @property
    def brightness(self) -> float:
        """Shift along the model's `GainPath`, in EV."""
        return sum(part.brightness * weight**2 for part, weight in self.parts) / self._norm() ** 2

    def offset_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """Offset from the mean for part of the latent, as of `Latent.offset_block`."""
        return self._mixed([part.offset_block(rows, cols, height8, width8) for part, _ in self.parts])

    def gain_noise_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """The gains that noise brings, as of `Latent.gain_noise_block`."""
        return self._mixed([part.gain_noise_block(rows, cols, height8, width8) for part, _ in self.parts])

    def gain_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """All gains, the brightness among them."""
        return _brightened(self.gain_noise_block(rows, cols, height8, width8), self.brightness, rows, cols)

    def _mixed(self, blocks: list[np.ndarray | None]) -> np.ndarray | None:
        total = None
        for block, (_, weight) in zip(blocks, self.parts, strict=True):
            if block is not None and weight:
                share = block * np.float32(weight / self._norm())
                total = share if total is None else total + share
        return total

    def _norm(self) -> float:
        return math.sqrt(sum(weight * weight for _, weight in self.parts))


AnyLatent = Latent | Blend


def _brightened(gains: np.ndarray | None, brightness: float, rows: slice, cols: slice) -> np.ndarray | None:
    if brightness == 0:
        return gains
    if gains is None:
        gains = np.zeros((2, rows.stop - rows.start, cols.stop - cols.start), np.float32)
    gains[0] += np.float32(brightness)
    return gains


def interpolate(first: AnyLatent, second: AnyLatent, position: float) -> AnyLatent:
    """From ``first`` (position 0) to ``second`` (position 1) along a great circle, so variance is kept."""
    if not 0 <= position <= 1:
        raise OptionError(f"position is {position!r}; it must be from 0 (first) to 1 (second)")
    if position in (0, 1):
        return second if position else first
    angle = position * math.pi / 2
    return Blend(((first, math.cos(angle)), (second, math.sin(angle))))


def around(chosen: AnyLatent, seed: int, spread: float, temperature: float = 0.8) -> AnyLatent:
    """A new latent near ``chosen``.

    Args:
        seed: of the new noise.
        spread: 0 gives ``chosen`` back, 1 is all new.
        temperature: of the new noise where ``chosen`` has none to take over.
    """
    leader = chosen
    while isinstance(leader, Blend):
        leader = max(leader.parts, key=lambda part: abs(part[1]))[0]
    fresh = replace(leader, seed=seed, temperature=leader.temperature or temperature)
    return interpolate(chosen, fresh, spread)
