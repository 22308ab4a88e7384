"""Training pairs simulated on the fly from crops of clean photos, as a camera records them at night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image

from ..camera.averages import developed_averages
from ..camera.curves import linear_to_srgb, s_curve, srgb_to_linear
from ..camera.develop import develop, develop_many
from ..camera.jpeg import camera_jpeg, random_jpeg
from ..camera.night import NightSettings, night, random_night
from ..camera.raw import RawFrame
from ..camera.simulate import (
    expose,
    frame_positions,
    record,
    reference,
    scene_light,
    simulate_night_raw,
)
from ..errors import TrainingDataError
from ..flow.inputs import equalization_table
from ..flow.thumbnail import THUMBNAIL
from .crops import MORE_FRAMES, Batch, Frames, Turn
from .pairs import LoadedPair

__all__ = ["JPEG_SHARE", "SimulatedSource", "check_crop", "validation_pairs"]

JPEG_SHARE = 0.4
"""Fraction of pairs whose dark photo is a JPEG."""

_DARKEST_JPEG, _DARKEST_CONTRAST = -5.5, -2.5
"""Exposures in EV below which 8 bits, and 8 bits after a camera's S-curve, preserve too little."""

_SMALLEST_SCALE = 0.35
_SOFT_SHARE, _LARGEST_SCALE = 0.25, 1.8
"""Fraction of the other crops that are scaled up, and by how much at most. At full size a photo is softer
than the clean photos, which were scaled down, but its noise is not."""
_WHOLE_SHARE = 0.15
"""Fraction of crops that contain the largest square of their photo."""
_SAMPLE = (72, 96)
"""Rows and columns of the pixels that represent a whole photo in its histogram."""
_AVERAGES = 2 * THUMBNAIL
"""Rows and columns of the averages from which a thumbnail is computed."""


def validation_pairs(
    photos: Sequence[np.ndarray],
    nights: Sequence[NightSettings] = (night(-3.0, "daylight"), night(-5.0, "tungsten")),
    longest: int = 512,
    seed: int = 0,
) -> list[LoadedPair]:
    """Simulate one pair for each photo, in the given nights in turn, developed like real RAW files.

    Args:
        photos: H x W x 3, uint8, sRGB-encoded.
        nights: settings of the nights.
        longest: photos are scaled down to this longer side, which reduces their noise and saves time.
        seed: seed of the simulated noise.
    """
    pairs = []
    for index, photo in enumerate(photos):
        clean = Image.fromarray(photo)
        clean.thumbnail((longest, longest), Image.Resampling.BICUBIC)
        high = np.array(clean)
        frame = simulate_night_raw(high, nights[index % len(nights)], np.random.default_rng([seed, index]))
        pairs.append(LoadedPair(np.rint(develop(frame) * 255.0).astype(np.uint8), high))
    return pairs


@dataclass(frozen=True)
class _Item:
    """One pair before development; ``jpeg`` has the parameters of `random_jpeg` for camera JPEGs.

    ``sample`` represents the whole photo in its histogram; ``thumbnails`` are those of the dark photo and its
    reference, each S x S x 3 in linear light.
    """

    crop: RawFrame
    reference: np.ndarray
    contrast: bool
    jpeg: tuple[int, float, float, float] | None
    window: tuple[float, ...]
    sample: RawFrame | None = None
    thumbnails: tuple[np.ndarray, np.ndarray] | None = None


class SimulatedSource:
    """Pairs simulated from clean photos, each from a random photo, night and camera.

    The batch of a step depends only on the seed and the step. Crops are simulated separately; the whole photo
    is represented by a sample of its pixels, or by averages of them, with the same light, camera and noise.

    Args:
        photos: H x W x 3, uint8, sRGB-encoded, clean and well exposed.
        seed: seed of everything random.
        frames: whether batches contain `Frames`; otherwise they contain equalization tables.
    """

    def __init__(self, photos: Sequence[np.ndarray], seed: int = 0, frames: bool = False) -> None:
        if not photos:
            raise TrainingDataError("no photos are left for training; hold out fewer")
        self.photos = list(photos)
        self.seed = seed
        self.frames = frames
        self._samples = [_sampled(photo) for photo in self.photos]
        self._averages = [_averaged(photo) for photo in self.photos]

    def batch(self, step: int, crop: int, size: int) -> Batch:
        """Simulate ``size`` pairs of ``crop`` x ``crop`` pixels.

        Raises:
            TrainingDataError: a photo is too small for the crop, see `check_crop`.
        """
        items = [self._item(np.random.default_rng([self.seed, step, index]), crop) for index in range(size)]
        contrast = [item.contrast for item in items]
        dark = develop_many([item.crop for item in items], contrast)
        for index, item in enumerate(items):
            if item.jpeg is not None:
                dark[index] = camera_jpeg(dark[index], *item.jpeg)
        low = _channels_first(dark)
        references = _channels_first(np.stack([item.reference for item in items]))
        if self.frames:
            random = np.random.default_rng([self.seed, step, size])
            more = [self._more_frame(random) for _ in range(MORE_FRAMES * size)]
            return Batch(low, references, frames=_frames(items, more))
        samples = develop_many([item.sample for item in items if item.sample is not None], contrast)
        tables = np.stack([equalization_table(sample) for sample in samples])
        return Batch(low, references, torch.from_numpy(tables))

    def _item(self, random: np.random.Generator, crop: int) -> _Item:
        index = int(random.integers(len(self.photos)))
        photo = self.photos[index]
        region, x, y = _random_region(random, photo.shape[:2], crop)
        height, width = photo.shape[:2]
        longer = max(height, width)
        settings = random_night(random, width / longer, height / longer, (x[0], y[0], x[-1], y[-1]))
        jpeg = random.random() < JPEG_SHARE and settings.exposure_ev > _DARKEST_JPEG
        contrast = jpeg and settings.exposure_ev > _DARKEST_CONTRAST and random.random() < 0.5
        settings = replace(settings, contrast=contrast, eight_bit=jpeg)
        loss = random_jpeg(random, settings) if jpeg else None
        scene = scene_light(_resized(photo, region, crop), settings)
        turn = Turn.random(random)
        light = turn.image(expose(scene, settings, x, y))  # before recording, to keep row noise in rows
        bright = turn.image(reference(scene, settings, x, y))
        left, top, right, bottom = region
        window = turn.window(top / height, left / width, (bottom - top) / height, (right - left) / width)
        frame = record(light, settings, random)
        if not self.frames:
            sample = self.sampled(index, settings, random)
            return _Item(frame, bright, contrast, loss, window, sample=sample)
        thumbnails = self.thumbnails(index, settings, random)
        turned = turn.image(thumbnails[0]), turn.image(thumbnails[1])
        return _Item(frame, bright, contrast, loss, window, thumbnails=turned)

    def _more_frame(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Thumbnails of a random photo in a random night and of its reference, randomly transformed."""
        index = int(random.integers(len(self.photos)))
        (settings,) = self.random_nights(index, 1, random)
        turn = Turn.random(random)
        dark, bright = self.thumbnails(index, settings, random)
        return turn.image(dark), turn.image(bright)

    def thumbnails(
        self, index: int, settings: NightSettings, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Thumbnails of a developed photo at night and of its reference: S x S x 3, linear light."""
        shape = self.photos[index].shape[:2]
        x, y = _averages_at(shape)
        scene = scene_light(self._averages[index], settings)
        side = (shape[0] * shape[1]) ** 0.5 / _AVERAGES
        settings = settings.averaged(side / max(shape))
        dark = developed_averages(expose(scene, settings, x, y), settings, side, random)
        if settings.contrast:
            dark = srgb_to_linear(s_curve(linear_to_srgb(dark)))
        return _halved(dark), _halved(srgb_to_linear(reference(scene, settings, x, y)))

    def dark_averages(
        self, index: int, nights: Sequence[NightSettings], seed: int = 0
    ) -> Iterator[np.ndarray]:
        """A photo's averages in several nights, developed: S x S x 3, linear light."""
        random = np.random.default_rng([seed, index])
        for settings in nights:
            yield self.thumbnails(index, settings, random)[0]

    def random_nights(self, index: int, count: int, random: np.random.Generator) -> list[NightSettings]:
        """Draw random nights for a photo."""
        height, width = self.photos[index].shape[:2]
        longer = max(height, width)
        return [random_night(random, width / longer, height / longer) for _ in range(count)]

    def sampled(self, index: int, settings: NightSettings, random: np.random.Generator) -> RawFrame:
        """Simulate a sample of a photo's pixels at night, with the noise they have in the frame; 72 x 96."""
        shape = self.photos[index].shape[:2]
        x, y = frame_positions(*shape)
        rows, columns = _sample_positions(shape)
        light = expose(scene_light(self._samples[index], settings), settings, x[columns], y[rows])
        if light.shape[:2] != _SAMPLE:
            light = light.transpose(1, 0, 2)
        return record(light, settings, random)


def _frames(items: Sequence[_Item], more: Sequence[tuple[np.ndarray, np.ndarray]]) -> Frames:
    pairs = [item.thumbnails for item in items if item.thumbnails is not None]
    low, high = (_channels_first(np.stack([pair[side] for pair in pairs])) for side in (0, 1))
    more_low, more_high = (_channels_first(np.stack([pair[side] for pair in more])) for side in (0, 1))
    return Frames(low, high, torch.tensor([item.window for item in items]), more_low, more_high)


def check_crop(shape: tuple[int, ...], crop: int) -> None:
    """Check that a photo of this shape, H x W (x C), is large enough for crops of ``crop`` pixels.

    Raises:
        TrainingDataError: a crop would have to be scaled up by more than 1.8.
    """
    height, width = shape[:2]
    if crop > _LARGEST_SCALE * min(height, width):
        raise TrainingDataError(
            f"a photo of {width}x{height} is too small for crops of {crop}: remove it or reduce the crops"
        )


def _random_region(
    random: np.random.Generator, shape: tuple[int, ...], crop: int
) -> tuple[tuple[float, float, float, float], np.ndarray, np.ndarray]:
    """Draw the square of a photo for a crop: its box, and the positions of the columns and rows."""
    height, width = shape
    check_crop(shape, crop)
    largest = min(height, width)
    if largest < crop or random.random() < _WHOLE_SHARE:
        side = float(largest)
    elif random.random() < _SOFT_SHARE:
        side = crop / random.uniform(1.0, _LARGEST_SCALE)
    else:
        side = crop / random.uniform(max(_SMALLEST_SCALE, crop / largest), 1.0)
    left, top = random.uniform(0, width - side), random.uniform(0, height - side)
    steps = (np.arange(crop) + 0.5) * (side / crop)
    longer = max(height, width)
    box = (left, top, min(left + side, width), min(top + side, height))
    return box, (left + steps) / longer, (top + steps) / longer


def _resized(photo: np.ndarray, box: tuple[float, float, float, float], crop: int) -> np.ndarray:
    left, top = int(box[0]), int(box[1])
    part = Image.fromarray(photo[top : int(np.ceil(box[3])), left : int(np.ceil(box[2]))])
    inside = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
    return np.asarray(part.resize((crop, crop), Image.Resampling.BICUBIC, box=inside))


def _sample_positions(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the sampled pixels, evenly spaced."""
    rows, columns = _SAMPLE if shape[1] >= shape[0] else _SAMPLE[::-1]
    return (
        ((np.arange(rows) + 0.5) * shape[0] / rows).astype(int),
        ((np.arange(columns) + 0.5) * shape[1] / columns).astype(int),
    )


def _sampled(photo: np.ndarray) -> np.ndarray:
    rows, columns = _sample_positions(photo.shape[:2])
    return np.ascontiguousarray(photo[rows][:, columns])


def _averages_at(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Columns' and rows' positions of the averages."""
    height, width = shape[:2]
    steps = (np.arange(_AVERAGES) + 0.5) / _AVERAGES
    return steps * width / max(height, width), steps * height / max(height, width)


def _averaged(photo: np.ndarray) -> np.ndarray:
    """Averages in linear light, A x A x 3, float32, sRGB-encoded."""
    linear = torch.from_numpy(srgb_to_linear(photo).transpose(2, 0, 1).copy())
    means = torch.nn.functional.adaptive_avg_pool2d(linear[None], _AVERAGES)[0]
    return linear_to_srgb(means.permute(1, 2, 0).numpy())


def _halved(averages: np.ndarray) -> np.ndarray:
    """Averages of 2 x 2 values, H x W x 3."""
    height, width, channels = averages.shape
    return np.asarray(averages.reshape(height // 2, 2, width // 2, 2, channels).mean((1, 3)))


def _channels_first(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
