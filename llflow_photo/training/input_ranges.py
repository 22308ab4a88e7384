"""Ranges of a model's training inputs, for its card: users are warned about photos outside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ..color.channel_levels import channel_ratio
from ..color.mean_exposure import mean_exposure_ev
from ..color.spaces import SRGB, convert, decode, luminance_weights
from ..errors import TrainingDataError
from ..flow.thumbnail import thumbnail

__all__ = ["input_ranges", "simulated_input_ranges"]


def input_ranges(paths: Iterable[Path]) -> dict[str, list[float]]:
    """1st and 99th percentile of properties of photos, in the form of `Card.inputs`.

    Args:
        paths: the dark photos of the training pairs.

    Returns:
        ``{"exposure_ev": [low, high], "channel_ratio": [low, high]}``, see `mean_exposure_ev` and
        `channel_ratio`.

    Raises:
        TrainingDataError: ``paths`` is empty.
        ReadError: a photo cannot be read.
    """
    return _ranges([_properties(path) for path in paths])


def simulated_input_ranges(
    photos: Sequence[np.ndarray], nights: int = 10, seed: int = 0
) -> dict[str, list[float]]:
    """`input_ranges` of clean photos (H x W x 3, uint8), each simulated in ``nights`` random nights."""
    from .simulated import SimulatedSource

    source = SimulatedSource(photos, seed)
    weights = luminance_weights(SRGB).astype(np.float32)
    properties = []
    for index in range(len(photos)):
        random = np.random.default_rng([seed, index])
        drawn = source.dark_averages(index, source.random_nights(index, nights, random), seed)
        properties += [
            (mean_exposure_ev(dark @ weights), channel_ratio(dark.transpose(2, 0, 1))) for dark in drawn
        ]
    return _ranges(properties)


def _ranges(properties: Sequence[tuple[float, float]]) -> dict[str, list[float]]:
    """Ranges of the exposures in EV and channel ratios of photos."""
    if not properties:
        raise TrainingDataError("no photos are given; give the dark photos of the training pairs")
    exposures, ratios = zip(*properties, strict=True)
    return {"exposure_ev": _range(exposures, 2), "channel_ratio": _range(ratios, 3)}


def _range(values: Sequence[float], digits: int) -> list[float]:
    return [round(float(value), digits) for value in np.percentile(values, [1, 99])]


def _properties(path: Path) -> tuple[float, float]:
    from ..files import read

    photo = read(path)
    srgb = np.clip(convert(photo.pixels, photo.color_space, SRGB), 0.0, 1.0)
    exposure_ev = mean_exposure_ev(decode(srgb, "srgb") @ luminance_weights(SRGB).astype(np.float32))
    return exposure_ev, channel_ratio(thumbnail(srgb))
