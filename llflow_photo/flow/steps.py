"""The flow between image and latent: three levels of invertible steps.

The forward direction is image to latent. A level squeezes 2 x 2 positions into channels, mixes them in
transition steps, then applies its conditional steps. No channels are split off, so the latent is
192 x H/8 x W/8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .actnorm import ActNorm
from .coupling import ConditionalCoupling, CouplingCondition
from .invertible import InvertibleConv
from .sizes import Size

__all__ = ["Flow", "Level", "LevelConditions", "squeeze"]

LevelConditions = tuple[CouplingCondition, ...]


class _Step(nn.Module):
    """ActNorm, invertible 1x1 convolution and, except in transition steps, conditional coupling."""

    def __init__(self, channels: int, coupling: ConditionalCoupling | None) -> None:
        super().__init__()
        self.norm = ActNorm(channels)
        self.mix = InvertibleConv(channels)
        self.coupling = coupling

    def forward(self, z: Tensor, conditioning: CouplingCondition | None) -> tuple[Tensor, Tensor]:
        positions = z.shape[2] * z.shape[3]
        z = self._mixed(z)
        log_determinant = self._mixing_log_determinant(positions).expand(z.shape[0])
        if self.coupling is not None and conditioning is not None:
            z, of_coupling = self.coupling(z, conditioning)
            log_determinant = log_determinant + of_coupling
        return z, log_determinant

    def inverse(self, z: Tensor, conditioning: CouplingCondition | None) -> tuple[Tensor, Tensor]:
        positions = z.shape[2] * z.shape[3]
        log_determinant = -self._mixing_log_determinant(positions).expand(z.shape[0])
        if self.coupling is not None and conditioning is not None:
            z, of_coupling = self.coupling.inverse(z, conditioning)
            log_determinant = log_determinant + of_coupling
        return self._unmixed(z), log_determinant

    def _mixed(self, z: Tensor) -> Tensor:
        """ActNorm, then the 1x1 convolution, as one affine map of the channels."""
        if self.norm.initialize_next:
            mixed: Tensor = self.mix(self.norm(z))
            return mixed
        weight = self.mix.weight * self.norm.log_scale.exp().flatten()
        return _affine(z, weight, weight @ self.norm.bias.flatten())

    def _unmixed(self, z: Tensor) -> Tensor:
        """The inverse of `_mixed`."""
        inverted = torch.linalg.inv(self.mix.weight.double()).to(z.dtype)
        weight = inverted * (-self.norm.log_scale).exp().view(-1, 1)
        return _affine(z, weight, -self.norm.bias.flatten())

    def _mixing_log_determinant(self, positions: int) -> Tensor:
        return self.norm.log_determinant(positions) + self.mix.log_determinant(positions)


def _affine(z: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``weight @ z + bias`` at every position, N x C x H x W."""
    flat = torch.baddbmm(bias[:, None], weight.expand(len(z), *weight.shape), z.flatten(2))
    return flat.view(z.shape)


class Level(nn.Module):
    """One level, counted from 1: squeeze, transition steps, conditional steps."""

    def __init__(self, level: int, size: Size) -> None:
        super().__init__()
        channels, condition = 3 * 4**level, size.encoder.condition_channels[level - 1]
        transitions = (_Step(channels, None) for _ in range(size.transition_steps))
        conditional = (
            _Step(
                channels,
                ConditionalCoupling(channels, condition, size.hidden),
            )
            for _ in range(size.steps[level - 1])
        )
        self.transitions = nn.ModuleList(transitions)
        self.conditional = nn.ModuleList(conditional)

    def condition(self, condition: Tensor) -> LevelConditions:
        """What each conditional step needs to know about the photo."""
        couplings = (step.coupling for step in _steps(self.conditional))
        return tuple(coupling.condition(condition) for coupling in couplings if coupling is not None)

    def forward(self, z: Tensor, conditioning: LevelConditions) -> tuple[Tensor, Tensor]:
        z = functional.pixel_unshuffle(z, 2)
        total = z.new_zeros(z.shape[0])
        for step, condition in self._paired(conditioning):
            z, log_determinant = step(z, condition)
            total = total + log_determinant
        return z, total

    def inverse(self, z: Tensor, conditioning: LevelConditions) -> tuple[Tensor, Tensor]:
        total = z.new_zeros(z.shape[0])
        for step, condition in reversed(self._paired(conditioning)):
            z, log_determinant = step.inverse(z, condition)
            total = total + log_determinant
        return functional.pixel_shuffle(z, 2), total

    def _paired(self, conditioning: LevelConditions) -> list[tuple[_Step, CouplingCondition | None]]:
        transitions = [(step, None) for step in _steps(self.transitions)]
        return [*transitions, *zip(_steps(self.conditional), conditioning, strict=True)]


def _steps(modules: nn.ModuleList) -> Iterable[_Step]:
    """The modules of a list, typed as steps."""
    return cast("Iterable[_Step]", modules)


class Flow(nn.Module):
    """All levels: N x 3 x H x W image to N x 192 x H/8 x W/8 latent and back."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.levels = nn.ModuleList(Level(number, size) for number in range(1, Size.LEVELS + 1))

    def condition(self, conditions: Sequence[Tensor]) -> tuple[LevelConditions, ...]:
        """Compute the parts of all couplings that depend only on the conditions."""
        return tuple(
            level.condition(condition) for level, condition in zip(self._levels(), conditions, strict=True)
        )

    def forward(self, image: Tensor, conditioning: Sequence[LevelConditions]) -> tuple[Tensor, Tensor]:
        """Image to latent, and the log-determinant, N (nats)."""
        z, total = image, image.new_zeros(image.shape[0])
        for level, conditions in zip(self.levels, conditioning, strict=True):
            z, log_determinant = level(z, conditions)
            total = total + log_determinant
        return z, total

    def inverse(self, latent: Tensor, conditioning: Sequence[LevelConditions]) -> tuple[Tensor, Tensor]:
        """Latent to image, and the log-determinant of the inverse, N (nats)."""
        z, total = latent, latent.new_zeros(latent.shape[0])
        for level, conditions in reversed(list(zip(self._levels(), conditioning, strict=True))):
            z, log_determinant = level.inverse(z, conditions)
            total = total + log_determinant
        return z, total

    def _levels(self) -> Iterable[Level]:
        return cast("Iterable[Level]", self.levels)

    def initialize_from_next_batch(self) -> None:
        """Initialize every ActNorm from the next forward pass (`condition`, then `forward`)."""
        for module in self.modules():
            if isinstance(module, ActNorm):
                module.initialize_next = True


def squeeze(image: Tensor) -> Tensor:
    """N x 3 x H x W to the latent's shape N x 192 x H/8 x W/8, all three levels at once."""
    return functional.pixel_unshuffle(image, 2**Size.LEVELS)
