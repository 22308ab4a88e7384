"""How the ``brightness`` option changes renderings: the luminance reached at each of its values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..color.spaces import SRGB, decode, luminance_weights
from ..errors import NonFiniteOutputError

if TYPE_CHECKING:
    from ..engine import EncodedPhoto
    from ..engine.latent import AnyLatent

__all__ = ["SETTINGS", "brightness_curve", "luminance_of", "spearman"]

SETTINGS = np.linspace(-2.0, 1.0, 13)
"""Values of ``brightness`` that are measured, EV."""


def brightness_curve(encoded: EncodedPhoto) -> np.ndarray:
    """Measure the mean luminance of an encoded photo's renderings at each of `SETTINGS`.

    Returns:
        EV relative to the rendering at brightness 0, one value per setting; NaN where a rendering is not
        finite.
    """
    from ..engine.latent import Latent

    start = luminance_of(encoded, Latent())
    reached = np.array([luminance_of(encoded, Latent(brightness=float(setting))) for setting in SETTINGS])
    return np.asarray(np.log2(np.maximum(reached, 1e-6) / max(start, 1e-6)))


def luminance_of(encoded: EncodedPhoto, latent: AnyLatent) -> float:
    """Mean luminance of a rendering in linear light, 0 to 1; NaN if the network's output is not finite."""
    try:
        rendering = encoded.decode(latent)
    except NonFiniteOutputError:
        return float("nan")
    weights = luminance_weights(SRGB).astype(np.float32)
    return float((decode(rendering, "srgb") @ weights).mean())


def spearman(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> float:
    """Spearman's rank correlation, with mean ranks for ties; NaN if either input is constant."""
    one, two = _ranks(np.asarray(first)), _ranks(np.asarray(second))
    if one.std() == 0 or two.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, two)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[group], float)
