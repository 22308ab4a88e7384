"""The latent as a description: its values for any block of positions, the same whatever tile or machine asks.

Noise is a field of 3 channels at pixel resolution, squeezed by 8 like an image. Its correlation length, the
coherence, goes from none (independent N(0, 1) at every latent position: fine detail varies) to infinite (one
value per color channel: brightness and white balance vary). A field that is smooth in image space stays free
of the 8-pixel grid that smooth noise per latent channel would leave in the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..errors import OptionError
from .noise import smooth_field, squeeze_field, white_field

__all__ = ["AnyLatent", "Blend", "Latent", "around", "interpolate"]


@dataclass(frozen=True)
class Latent:
    """One rendering, described by four numbers.

    Attributes:
        seed: of the noise, from 0 up.
        temperature: standard deviation of the noise around the photo's mean latent; 0 decodes the mean.
        coherence: correlation length of the noise, 0 (independent at every position) to 1 (constant over
            the frame); relative to the frame, so a preview and the full size look alike.
        brightness: shift along the model's brightness direction, 0 for none, negative darker.
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
        """Unit-variance noise for part of the latent.

        Args:
            rows: rows of the latent grid (one per 8 pixels), within ``height8``.
            cols: columns of the latent grid, within ``width8``.
            height8: rows of the whole photo's latent.
            width8: columns of the whole photo's latent.

        Returns:
            192 x rows x cols, float32, channels ordered as the flow's latent.
        """
        if self.coherence == 0:
            return squeeze_field(white_field(self.seed, rows, cols))
        return squeeze_field(smooth_field(self.seed, self.coherence, rows, cols, height8, width8))

    def offset_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """``temperature * noise`` as in `noise_block`, or None where it is zero."""
        if self.temperature == 0:
            return None
        noise = self.noise_block(rows, cols, height8, width8)
        noise *= np.float32(self.temperature)
        return noise


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
        """Shift along the model's brightness direction."""
        return sum(part.brightness * weight**2 for part, weight in self.parts) / self._norm() ** 2

    def offset_block(self, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray | None:
        """Offset from the mean for part of the latent, as of `Latent.offset_block`."""
        total = None
        for part, weight in self.parts:
            offset = part.offset_block(rows, cols, height8, width8) if weight else None
            if offset is not None:
                offset *= np.float32(weight / self._norm())
                total = offset if total is None else total + offset
        return total

    def _norm(self) -> float:
        return math.sqrt(sum(weight * weight for _, weight in self.parts))


AnyLatent = Latent | Blend


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
