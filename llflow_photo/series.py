"""Shared statistics of the frames of a series, to render a time-lapse or burst without flicker.

Global quantities (exposure, input of the whole-photo branch, weight of highlights, look at a temperature) are
normally derived from the pixels of each photo, so that noise or a passing lamp changes them from frame to
frame. In a series they are derived from one `SeriesReference` instead, the median of a few of its frames. A
lamp that is lit in fewer than half of them influences only the weight of highlights, which is the largest of
these frames.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from .color.fast_curves import linear_light, view_of
from .color.highlight_weight import HighlightWeight
from .color.mean_exposure import mean_exposure_ev
from .color.spaces import SRGB, decode, encode, luminance_weights
from .color.view_rows import view_rows
from .errors import OptionError
from .finish.specks import without_specks
from .photo import Photo
from .sampling import CellMeans, subsample

__all__ = ["FrameSummary", "SeriesReference", "same_scene"]

_SIDE = 128
"""Rows and columns of the averaged frame, whatever its aspect ratio; twice those of `flow.thumbnail`."""
_LEVELS = 4096
_SAMPLED = 1 << 17
_DARKEST = 2.0**-13
_COMPARED = 16
_SAME_EV = 0.5


@dataclass(frozen=True)
class FrameSummary:
    """Statistics of one frame for a `SeriesReference`.

    Attributes:
        light: 128 x 128 x 3, float32, linear sRGB in [0, 1]: the frame averaged over a grid of equal cells.
        levels: 4096 x 3, float32, sRGB-encoded in [0, 1]: quantiles of each channel in equal steps,
            ascending.
        highlight: weight of highlights, see `color.working.Residual`.
        exposure_ev: mean exposure relative to 18 % gray, `color.mean_exposure.mean_exposure_ev`.
    """

    light: np.ndarray
    levels: np.ndarray
    highlight: float
    exposure_ev: float

    @classmethod
    def of(cls, photo: Photo) -> Self:
        """Statistics of a photo without its specks: light and highlights from all pixels, levels from some.

        Raises:
            ImageInputError: the pixels are not H x W x 3 or not finite.
        """
        photo = without_specks(photo)
        light, highlight = CellMeans((photo.height, photo.width), (_SIDE, _SIDE)), HighlightWeight()
        for _, encoded, linear in view_rows(photo):
            light.add(linear_light(encoded) if linear is None else linear)
            highlight.add(encoded)
        picked = view_of(np.ascontiguousarray(subsample(photo.pixels, _SAMPLED)), photo.color_space)
        luminance = decode(picked, "srgb") @ luminance_weights(SRGB).astype(np.float32)
        return cls(
            light.result(),
            _levels(picked.reshape(-1, 3)),
            highlight.value(),
            mean_exposure_ev(luminance),
        )


@dataclass(frozen=True)
class SeriesReference:
    """Statistics with which all frames of a series are rendered; plain data that can be stored and sent.

    Attributes:
        view_bytes: bytes of `view`, float32, little-endian.
        levels_bytes: bytes of `levels`, float32, little-endian.
        highlight: weight of highlights, see `color.working.Residual`; maximum of the frames.
        exposure_ev: median of the mean exposures of the frames, EV relative to 18 % gray.
    """

    view_bytes: bytes
    levels_bytes: bytes
    highlight: float
    exposure_ev: float

    @classmethod
    def of(cls, frames: Sequence[FrameSummary]) -> Self:
        """The median of frames, by cell in linear light.

        Raises:
            OptionError: there are no frames.
        """
        if not frames:
            raise OptionError("a series needs at least one frame")
        view = encode(np.median([frame.light for frame in frames], axis=0).astype(np.float32), "srgb")
        levels = np.median([frame.levels for frame in frames], axis=0)
        return cls(
            np.ascontiguousarray(view, "<f4").tobytes(),
            np.ascontiguousarray(levels, "<f4").tobytes(),
            max(frame.highlight for frame in frames),
            float(np.median([frame.exposure_ev for frame in frames])),
        )

    @property
    def view(self) -> np.ndarray:
        """The median frame: 128 x 128 x 3, float32, sRGB-encoded in [0, 1]."""
        return np.frombuffer(self.view_bytes, "<f4").astype(np.float32).reshape(_SIDE, _SIDE, 3)

    @property
    def levels(self) -> np.ndarray:
        """Values distributed like single pixels, with noise: 64 x 64 x 3, float32, sRGB-encoded in [0, 1].

        Their positions have no meaning.
        """
        side = math.isqrt(_LEVELS)
        return np.frombuffer(self.levels_bytes, "<f4").astype(np.float32).reshape(side, side, 3)

    @cached_property
    def key(self) -> str:
        """Identifier of the reference, sixteen hexadecimal digits."""
        digest = hashlib.sha256(self.view_bytes + self.levels_bytes)
        digest.update(repr((self.highlight, self.exposure_ev)).encode())
        return digest.hexdigest()[:16]

    def detail_seed(self, seed: int) -> int:
        """Seed of the look of regions in all frames, 0 to 2^32 - 1, from a user's seed."""
        return int.from_bytes(hashlib.sha256(f"{self.key}:{seed}".encode()).digest()[:4], "big")

    def to_json(self) -> dict[str, Any]:
        """Convert to values that JSON can store."""
        return {
            "view": base64.b64encode(self.view_bytes).decode(),
            "levels": base64.b64encode(self.levels_bytes).decode(),
            "highlight": self.highlight,
            "exposure_ev": self.exposure_ev,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Convert from the result of `to_json`."""
        view, levels = base64.b64decode(values["view"]), base64.b64decode(values["levels"])
        return cls(view, levels, values["highlight"], values["exposure_ev"])


def same_scene(frames: Sequence[FrameSummary]) -> bool:
    """Whether frames with equal exposure show the same scene in the same light.

    In each frame, more than half of the cells of a 16 x 16 grid must be within half a stop of the median of
    all frames. A lamp may thus light up to half of a frame.

    Raises:
        OptionError: there are no frames.
    """
    if not frames:
        raise OptionError("a series needs at least one frame")
    luminance = luminance_weights(SRGB)
    stops = np.array([
        np.log2(_averaged(frame.light, _COMPARED) @ luminance + _DARKEST) for frame in frames
    ])  # fmt: skip
    alike = np.abs(stops - np.median(stops, axis=0)) < _SAME_EV
    return bool((alike.mean(axis=(1, 2)) > 0.5).all())


def _levels(values: np.ndarray) -> np.ndarray:
    """Quantiles, N x 3 to `_LEVELS` x 3, at the centers of equal steps."""
    places = (np.arange(_LEVELS) * 2 + 1) * len(values) // (2 * _LEVELS)
    return np.sort(values, axis=0)[places].astype(np.float32)


def _averaged(values: np.ndarray, side: int) -> np.ndarray:
    """Means over ``side`` x ``side`` cells that cover H x W x C; in small images cells share pixels."""
    for axis in (0, 1):
        length = values.shape[axis]
        start = np.arange(side) * length // side
        end = -(-(np.arange(side) + 1) * length // side)
        sums = np.cumsum(values, axis=axis, dtype=np.float64)
        sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis)
        counts = (end - start).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        values = (sums.take(end, axis) - sums.take(start, axis)) / counts
    return values.astype(np.float32)
