"""Holding renderings of plain nights to the light that the sensor recorded.

An evenly lit night is its own light, times one gain. Of a RAW file, the light of dark areas is known without
the bias that clipping at black causes in the developed photo. The best guess of samples of the photo is
compared with it, and the difference is corrected in all renderings by a tone curve for each channel. This is
a step of data consistency, as in the solution of inverse problems. It is the same at all places and sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.polynomial import Polynomial
from torch import Tensor

from ..callbacks import Cancel, raise_if_cancelled
from ..color.light_samples import SIDE, KnownLight
from ..color.spaces import decode, encode
from .canvas import check_finite

if TYPE_CHECKING:
    from .runner import Runner

__all__ = ["ToneCorrection"]

_DEGREE = 2
"""Of the polynomial that the channels share."""
_OWN_POWERS = (2, 4)
"""Powers of ``1 - value`` in the rest of each channel."""
_RIDGE, _OWN_RIDGE = 1e-3, 1e-4
_FLOOR, _NOISE_FLOOR = 0.002, 0.0003
"""Light of the rendering, and light of the photo before its exposure, that is too little to be compared."""
_LARGEST = 1.0
"""Limit of the difference at a sample, in stops."""
_GAMMA = 2.2
_KNEE = 0.2
"""Value above which samples are brightened less, and not at all at 1, so that nothing is clipped."""
_LOWEST_EV, _HIGHEST_EV = -3.0, 12.0
_TESTED, _HALVINGS = 256, 20
_ROWS = 128
_VIEWS = 16
"""Views that are rendered at once: as many pixels as the smallest tile has."""


@dataclass(frozen=True)
class ToneCorrection:
    """Tone curves ``value * 2^p(value)``, where p is a polynomial, of sRGB-encoded values.

    The curves of the channels differ less in bright values, whose color is not affected by clipping at black.

    Attributes:
        coefficients: 3 x N, of each channel's polynomial, lowest power first.
        lowest: values of each channel below which the polynomial is constant.
        highest: values above which it decreases to 0, at 1, likewise.
    """

    coefficients: tuple[tuple[float, ...], ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]

    @classmethod
    def of(cls, known: KnownLight, runner: Runner, photo: Any) -> Self | None:
        """The correction of a photo's best guess; None if it is no plain night.

        Args:
            photo: output of `Runner.photo` for the whole photo.

        Raises:
            NonFiniteOutputError: the network's output is not finite.
        """
        certainty = runner.plain_night(photo)
        if certainty <= 0.0:
            return None
        views = torch.from_numpy(known.views).permute(0, 3, 1, 2).contiguous()
        windows = torch.from_numpy(known.windows)
        rendered = [
            runner.forward(part, photo, positions, None).result()
            for part, positions in zip(torch.split(views, _VIEWS), torch.split(windows, _VIEWS), strict=True)
        ]
        images = torch.cat(rendered).float()
        check_finite(images)
        places = zip(images.clamp(0.0, 1.0).numpy(), known.cores.tolist(), strict=True)
        cores = np.stack([image[:, top : top + SIDE, left : left + SIDE] for image, (top, left) in places])
        return cls.between(decode(cores, "srgb").mean((2, 3)), known.light.reshape(-1, 3), certainty)

    @classmethod
    def between(cls, guess: np.ndarray, light: np.ndarray, share: float = 1.0) -> Self:
        """Fit curves to samples; the exposure of the guess is kept.

        Args:
            guess: N x 3, means of the best guess, linear light.
            light: N x 3, known light of the photo, linear and finite; negative values count as black.
            share: share of the correction, 0 to 1.
        """
        values = encode(guess, "srgb").astype(float)
        stops = _stops_between(guess.astype(float), values, np.maximum(light, 0.0))
        lowest, highest = values.min(0), values.max(0)
        fitted = _fitted(values, stops * (share / _GAMMA))
        curves = [_monotonic(*of_channel) for of_channel in zip(fitted, lowest, highest, strict=True)]
        return cls(tuple(curves), tuple(lowest.tolist()), tuple(highest.tolist()))

    def apply(self, rendering: np.ndarray, cancel: Cancel | None = None) -> None:
        """Correct a rendering in place.

        Args:
            rendering: H x W x 3, float32, sRGB-encoded; it may exceed [0, 1].
            cancel: called before each block of rows; `CancelledError` is raised if it returns true.
        """
        values = torch.from_numpy(rendering)
        for rows in torch.split(values, _ROWS):
            raise_if_cancelled(cancel)
            for channel in range(3):
                rows[..., channel] *= torch.exp2(self._stops(rows[..., channel], channel))

    def undo(self, rendering: np.ndarray, cancel: Cancel | None = None) -> None:
        """Undo `apply` in place, by bisection; arguments as for `apply`."""
        values = torch.from_numpy(rendering)
        for rows in torch.split(values, _ROWS):
            raise_if_cancelled(cancel)
            for channel in range(3):
                corrected = rows[..., channel]
                low = torch.full_like(corrected, -2.0 * _LARGEST)
                high = -low
                for _ in range(_HALVINGS):
                    stops = (low + high) / 2
                    too_low = stops + self._stops(corrected * torch.exp2(stops), channel) < 0
                    low, high = torch.where(too_low, stops, low), torch.where(too_low, high, stops)
                corrected *= torch.exp2((low + high) / 2)

    def _stops(self, values: Tensor, channel: int) -> Tensor:
        return _stops_of(values, self.coefficients[channel], self.lowest[channel], self.highest[channel])


def _stops_between(guess: np.ndarray, values: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Differences between samples of the guess and the known light, at the gain that keeps the mean luma.

    All arrays are N x 3; ``values`` are those of the guess, sRGB-encoded.
    """
    room = np.clip((1.0 - values.max(1, keepdims=True)) / (1.0 - _KNEE), 0.0, 1.0)
    wanted = _mean_luma(guess)
    low, high = _LOWEST_EV, _HIGHEST_EV
    for _ in range(_HALVINGS):
        gain = 2.0 ** ((low + high) / 2)
        floor = _FLOOR + _NOISE_FLOOR * gain
        stops = np.log2((light * gain + floor) / (guess + floor)).clip(-_LARGEST, _LARGEST)
        stops = np.where(stops > 0, stops * room, stops)
        if _mean_luma(guess * np.exp2(stops)) < wanted:
            low = (low + high) / 2
        else:
            high = (low + high) / 2
    return np.asarray(stops)


def _mean_luma(light: np.ndarray) -> float:
    """Mean luma (BT.601) of N x 3 samples in linear light, sRGB-encoded."""
    return float((encode(light, "srgb") @ [0.299, 0.587, 0.114]).mean())


def _fitted(values: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Coefficients of each channel's polynomial of N x 3 values, by ridge regression: 3 x N."""
    shared, own = _DEGREE + 1, len(_OWN_POWERS)
    equations = np.zeros((3, len(values), shared + 3 * own))
    for channel, of_channel in enumerate(values.T):
        equations[channel, :, :shared] = np.vander(of_channel, shared, increasing=True)
        first = shared + channel * own
        equations[channel, :, first : first + own] = (1.0 - of_channel[:, None]) ** _OWN_POWERS
    a = equations.reshape(-1, equations.shape[2])
    ridge = np.diag([0.0] + [_RIDGE] * _DEGREE + [_OWN_RIDGE] * (3 * own)) * len(a)
    solution = np.linalg.solve(a.T @ a + ridge, a.T @ stops.T.ravel())
    polynomials = []
    for weights in solution[shared:].reshape(3, own):
        total = Polynomial(solution[:shared])
        for power, weight in zip(_OWN_POWERS, weights, strict=True):
            total += weight * Polynomial([1.0, -1.0]) ** power
        polynomials.append(total.coef)
    return np.array(polynomials)


def _monotonic(coefficients: np.ndarray, lowest: float, highest: float) -> tuple[float, ...]:
    """The coefficients, reduced until the curve is monotonic."""
    tested = torch.linspace(0.0, 1.0, _TESTED, dtype=torch.float64)
    for _ in range(_HALVINGS):
        curve = tested * torch.exp2(_stops_of(tested, coefficients, lowest, highest))
        if bool((torch.diff(curve) >= 0).all()):
            return tuple(coefficients.tolist())
        coefficients = coefficients / 2
    return (0.0,) * len(coefficients)


def _stops_of(values: Tensor, coefficients: Any, lowest: float, highest: float) -> Tensor:
    """The exponent of a channel's curve: the polynomial, constant below ``lowest``, 0 from 1 on."""
    fading = ((1.0 - values) / max(1.0 - highest, 1e-6)).clamp_(0.0, 1.0)
    return _polynomial(coefficients, values.clamp(lowest, highest)).mul_(fading)


def _polynomial(coefficients: Any, values: Tensor) -> Tensor:
    """Horner's scheme."""
    result = torch.full_like(values, float(coefficients[-1]))
    for coefficient in coefficients[-2::-1]:
        result = result.mul_(values).add_(float(coefficient))
    return result
