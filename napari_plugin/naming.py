"""Names for renderings by their appearance relative to the others of a grid: brighter, warmer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["names_of"]

_WORDS = (("darker", "brighter"), ("cooler", "warmer"))
_LITTLE = 0.04
"""Differences in EV, of exposure and of red over blue, below which nothing is said."""
_MUCH = 0.6
"""Differences in EV from which "much" is added."""


def names_of(images: Sequence[np.ndarray]) -> list[str]:
    """A name for each image, compared with the median of all.

    Args:
        images: each h x w x 3, sRGB-encoded, [0, 1].

    Returns:
        one name per image, such as ``brighter, warmer`` or ``in the middle``.
    """
    if not images:
        return []
    looks = np.array([_look_of(image) for image in images])
    return [_words(*(look - np.median(looks, 0))) for look in looks]


def _look_of(image: np.ndarray) -> tuple[float, float]:
    """Exposure, and red over blue, in EV of the mean of linear light."""
    encoded = np.clip(np.asarray(image, np.float64)[::2, ::2].reshape(-1, 3), 0, 1)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    red, green, blue = np.log2(linear.mean(0) + 1e-6)
    return float((red + green + blue) / 3), float(red - blue)


def _words(exposure: float, warmth: float) -> str:
    words = []
    for value, (less, more) in zip((exposure, warmth), _WORDS, strict=True):
        if abs(value) >= _LITTLE:
            words.append(("much " if abs(value) >= _MUCH else "") + (more if value > 0 else less))
    return ", ".join(words) or "in the middle"
