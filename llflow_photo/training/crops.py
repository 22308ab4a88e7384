"""Batches of training crops, with the data of their whole photos or frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import TrainingDataError
from ..flow.thumbnail import THUMBNAIL
from .frames import Frame, random_frame, whole_frame
from .pairs import LoadedPair

__all__ = [
    "MORE_FRAMES",
    "SCALED_SHARE",
    "Batch",
    "BatchSource",
    "CropSource",
    "Frames",
    "Turn",
    "random_crop",
]

SCALED_SHARE = 0.25
"""Fraction of crops that are scaled down from a larger part of their photo, up to its shorter side."""

MORE_FRAMES = 3
"""Number of additional frames per crop that the whole-photo branch is trained on."""

_EDGES = 2
"""Pixels by which a frame is larger than its crops, since its edges are between pixels."""

_FLIP_DOWN, _TRANSPOSE = 0.15, 0.25
"""Fractions of crops flipped vertically and transposed: few, since the sky is usually at the top."""


@dataclass(frozen=True)
class Frames:
    """The frames, whole photos or parts of them, that N crops were taken from.

    Attributes:
        thumbnails: thumbnails of the dark frames, N x 3 x S x S, linear light, see `flow.thumbnail`.
        references: thumbnails of their references, likewise.
        windows: N x 4, position of each crop in its frame: top, left, height, width as fractions of it.
        more_thumbnails: thumbnails of further dark frames without crops, M x 3 x S x S: the whole-photo
            branch learns from frames, which cost much less than crops.
        more_references: thumbnails of their references, likewise.
        weights: N, weights of the frames in the loss of brightness. Frames with lamps or uneven light have
            lower ones: how bright they should be is a matter of taste, but they look like plain dark frames.
        more_weights: M, weights of the further frames, likewise.
    """

    thumbnails: Tensor
    references: Tensor
    windows: Tensor
    more_thumbnails: Tensor
    more_references: Tensor
    weights: Tensor
    more_weights: Tensor


@dataclass(frozen=True)
class Batch:
    """Crops for one step, N x 3 x h x w in [0, 1], and the data of their frames.

    Attributes:
        low: the dark photos.
        reference: well-exposed ones.
        equalization: N x 3 x 256, tables of the whole photos; None for networks with a whole-photo branch.
        frames: data of the frames; None for networks without a whole-photo branch.
    """

    low: Tensor
    reference: Tensor
    equalization: Tensor | None = None
    frames: Frames | None = None

    def to(self, device: torch.device) -> Batch:
        """A copy on a device, with the dark crops in the faster channels-last layout."""
        low = self.low.to(device).contiguous(memory_format=torch.channels_last)
        tables = None if self.equalization is None else self.equalization.to(device)
        frames = self.frames and Frames(*(tensor.to(device) for tensor in vars(self.frames).values()))
        return Batch(low, self.reference.to(device), tables, frames)


class BatchSource(Protocol):
    """Provides the batch of a training step; it depends only on the step, so that runs can be resumed."""

    def batch(self, step: int, crop: int, size: int) -> Batch: ...


class CropSource:
    """Random crops, flips and transposes of pairs in memory.

    The frame of a crop is its whole photo or a part of it, see `frames.random_frame`.

    Every scene is equally probable, regardless of its number of exposures; otherwise the references of scenes
    with many exposures would dominate. The batch of a step depends only on the seed and the step. If a photo
    is smaller than the requested crop, all crops are smaller.

    Args:
        pairs: pairs to draw from.
        seed: seed of everything random.
        frames: whether batches contain `Frames`; otherwise they contain equalization tables.
    """

    def __init__(self, pairs: Sequence[LoadedPair], seed: int = 0, frames: bool = False) -> None:
        if not pairs:
            raise TrainingDataError(
                "no pairs are left for training; hold out fewer scenes (--validation-scenes)"
            )
        self.pairs = list(pairs)
        scenes: dict[str, list[LoadedPair]] = {}
        for number, pair in enumerate(self.pairs):
            scenes.setdefault(pair.scene or f"pair {number}", []).append(pair)
        self._scenes = list(scenes.values())
        self.seed = seed
        self.frames = frames
        self.largest_crop = min(min(pair.low.shape[:2]) for pair in self.pairs) // 8 * 8
        if self.largest_crop < 16:
            raise TrainingDataError("the smallest photo is less than 16 pixels wide or high; remove it")

    def batch(self, step: int, crop: int, size: int) -> Batch:
        crop = min(crop, self.largest_crop)
        random = np.random.default_rng([self.seed, step])
        drawn, frames, crops = [], [], []
        for _ in range(size):
            pair = self._pair(random)
            frame = whole_frame(pair.low.shape)
            if self.frames:
                frame = random_frame(random, pair.low.shape, crop + _EDGES)
            drawn.append(pair)
            frames.append(frame)
            crops.append(self._crop(random, crop, pair, frame))
        low, high = (_stack([one.images[side] for one in crops]) for side in (0, 1))
        if not self.frames:
            tables = np.stack([pair.equalization for pair in drawn])
            return Batch(low, high, torch.from_numpy(tables))
        shown = [
            _thumbnails(pair, frame, one.turn) for pair, frame, one in zip(drawn, frames, crops, strict=True)
        ]
        more = [self._more_frame(random) for _ in range(MORE_FRAMES * size)]
        return Batch(low, high, frames=_frames(shown, crops, more))

    def _pair(self, random: np.random.Generator) -> LoadedPair:
        exposures = self._scenes[random.integers(len(self._scenes))]
        return exposures[random.integers(len(exposures))]

    def _more_frame(self, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Thumbnails of a frame of a random dark photo and of its reference, each 3 x S x S."""
        pair = self._pair(random)
        return _thumbnails(pair, random_frame(random, pair.low.shape), Turn.random(random))

    def _crop(self, random: np.random.Generator, crop: int, pair: LoadedPair, frame: Frame) -> _Crop:
        side = crop
        if self.frames and random.random() < SCALED_SHARE:
            _, _, height, width = _pixels_in(frame)
            side = int(random.integers(crop, min(height, width) + 1))
        return random_crop(random, crop, pair.low, pair.high, side=side, frame=frame)


@dataclass(frozen=True)
class Turn:
    """Flips along both axes, followed by a transpose."""

    down: bool
    right: bool
    transpose: bool

    @classmethod
    def random(cls, random: np.random.Generator) -> Turn:
        """Draw a transform: half of all images are mirrored, few flipped vertically or transposed."""
        shares = (_FLIP_DOWN, 0.5, _TRANSPOSE)
        return cls(*(bool(random.random() < share) for share in shares))

    def image(self, pixels: np.ndarray) -> np.ndarray:
        """Apply to an H x W x C image."""
        pixels = pixels[::-1] if self.down else pixels
        pixels = pixels[:, ::-1] if self.right else pixels
        return pixels.transpose(1, 0, 2) if self.transpose else pixels

    def window(self, top: float, left: float, height: float, width: float) -> tuple[float, ...]:
        """Apply to a window, see `Frames.windows`."""
        top = 1.0 - top - height if self.down else top
        left = 1.0 - left - width if self.right else left
        return (left, top, width, height) if self.transpose else (top, left, height, width)


@dataclass(frozen=True)
class _Crop:
    images: list[np.ndarray]
    turn: Turn
    window: tuple[float, ...]


def _thumbnails(pair: LoadedPair, frame: Frame, turn: Turn) -> tuple[np.ndarray, ...]:
    """Thumbnails of a frame of a dark photo and of its reference, transformed, each 3 x S x S."""
    sides = (averages.of(frame, THUMBNAIL) for averages in pair.averages)
    return tuple(np.ascontiguousarray(turn.image(side).transpose(2, 0, 1)) for side in sides)


def _frames(
    shown: Sequence[tuple[np.ndarray, ...]], crops: Sequence[_Crop], more: Sequence[tuple[np.ndarray, ...]]
) -> Frames:
    low, high = (torch.from_numpy(np.stack([pair[side] for pair in shown])) for side in (0, 1))
    more_low, more_high = (torch.from_numpy(np.stack([pair[side] for pair in more])) for side in (0, 1))
    windows = torch.tensor([crop.window for crop in crops])
    return Frames(low, high, windows, more_low, more_high, torch.ones(len(low)), torch.ones(len(more_low)))


def _pixels_in(frame: Frame) -> tuple[int, int, int, int]:
    """Top, left, height and width of the whole pixels in a frame."""
    top, left = math.ceil(frame.top), math.ceil(frame.left)
    return top, left, math.floor(frame.bottom) - top, math.floor(frame.right) - left


def random_crop(
    random: np.random.Generator,
    crop: int,
    *images: np.ndarray,
    side: int | None = None,
    frame: Frame | None = None,
) -> _Crop:
    """Crop the same random square of ``side`` pixels from images, transform it and scale it to ``crop``.

    The square is in the frame, by default the whole photo.
    """
    side = crop if side is None else side
    frame = whole_frame(images[0].shape) if frame is None else frame
    first_row, first_column, rows, columns = _pixels_in(frame)
    top = first_row + int(random.integers(rows - side + 1))
    left = first_column + int(random.integers(columns - side + 1))
    turn = Turn.random(random)
    result = []
    for image in images:
        part = image[top : top + side, left : left + side]
        if side != crop:
            scaled = Image.fromarray(part).resize((crop, crop), Image.Resampling.BICUBIC)
            part = np.asarray(scaled)
        result.append(turn.image(part))
    window = turn.window(
        (top - frame.top) / frame.height,
        (left - frame.left) / frame.width,
        side / frame.height,
        side / frame.width,
    )
    return _Crop(result, turn, window)


def _stack(crops: list[np.ndarray]) -> Tensor:
    stacked = torch.from_numpy(np.stack([np.ascontiguousarray(crop) for crop in crops]))
    return stacked.permute(0, 3, 1, 2).float().div_(255.0)
