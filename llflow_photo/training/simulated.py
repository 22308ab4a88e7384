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
from .frames import (
    LARGEST_SCALE,
    Frame,
    PhotoAverages,
    Region,
    check_crop,
    random_frame,
    random_region,
    whole_frame,
)
from .pairs import LoadedPair

__all__ = ["JPEG_SHARE", "SimulatedSource", "validation_pairs"]

JPEG_SHARE = 0.4
"""Fraction of pairs whose dark photo is a JPEG."""

_DARKEST_JPEG, _DARKEST_CONTRAST = -5.5, -2.5
"""Exposures in EV below which 8 bits, and 8 bits after a camera's S-curve, preserve too little."""

_AVERAGES = 2 * THUMBNAIL
"""Rows and columns of the averages from which a frame's thumbnail is computed."""
_SPECIAL_WEIGHT = 0.3
"""Weight of frames with lamps, lamp light or uneven light in the loss of brightness, see `Frames`."""

_SAMPLE = (72, 96)
"""Rows and columns of the pixels that represent a whole photo in its histogram."""


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


_FramePair = tuple[np.ndarray, np.ndarray, bool]
"""Thumbnails of a dark frame and its reference, S x S x 3, and whether the night is plain."""


@dataclass(frozen=True)
class _Item:
    """One pair before development; ``jpeg`` has the parameters of `random_jpeg` for camera JPEGs.

    ``plain`` is `NightSettings.plain`. ``sample`` represents the whole photo in its histogram; ``thumbnails``
    are those of the dark frame and its reference, each S x S x 3 in linear light.
    """

    crop: RawFrame
    reference: np.ndarray
    contrast: bool
    jpeg: tuple[int, float, float, float] | None
    window: tuple[float, ...]
    plain: bool = True
    sample: RawFrame | None = None
    thumbnails: tuple[np.ndarray, np.ndarray] | None = None


class SimulatedSource:
    """Pairs simulated from clean photos, each from a random photo, frame of it, night and camera.

    The batch of a step depends only on the seed and the step. Crops are simulated separately; the frame is
    represented by averages of its pixels, or the whole photo by a sample of them, with the same light, camera
    and noise.

    Args:
        photos: H x W x 3, uint8, sRGB-encoded, clean and well exposed.
        seed: seed of everything random.
        frames: whether batches contain `Frames`; otherwise they contain equalization tables.
    """

    def __init__(self, photos: Sequence[np.ndarray], seed: int = 0, frames: bool = False) -> None:
        if not photos:
            raise TrainingDataError("no photos are left for training; hold out fewer (--validation-scenes)")
        self.photos = list(photos)
        self.seed = seed
        self.frames = frames
        self._samples = [_sampled(photo) for photo in self.photos]
        self._averages = [PhotoAverages(photo) for photo in self.photos]

    def batch(self, step: int, crop: int, size: int) -> Batch:
        """Simulate ``size`` pairs of ``crop`` x ``crop`` pixels.

        Raises:
            TrainingDataError: a photo is too small for the crop, see `frames.check_crop`.
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
        check_crop(photo.shape, crop)
        # A histogram is that of a whole photo, see `sampled`.
        frame = (
            random_frame(random, photo.shape, crop / LARGEST_SCALE)
            if self.frames
            else whole_frame(photo.shape)
        )
        region = random_region(random, frame, crop)
        x, y = region.positions(frame, crop)
        settings = _random_night(random, frame, (x[0], y[0], x[-1], y[-1]))
        loss = random_jpeg(random, settings) if settings.eight_bit else None
        scene = scene_light(_resized(photo, region, crop), settings)
        turn = Turn.random(random)
        light = turn.image(expose(scene, settings, x, y))  # before recording, to keep row noise in rows
        bright = turn.image(reference(scene, settings, x, y))
        window = turn.window(*region.window(frame))
        recorded = record(light, settings, random)
        if not self.frames:
            sample = self.sampled(index, settings, random)
            return _Item(recorded, bright, settings.contrast, loss, window, sample=sample)
        dark, clean = self.thumbnails(index, settings, random, frame)
        thumbnails = turn.image(dark), turn.image(clean)
        return _Item(recorded, bright, settings.contrast, loss, window, settings.plain, thumbnails=thumbnails)

    def _more_frame(self, random: np.random.Generator) -> _FramePair:
        """Thumbnails of a random photo in a random night and of its reference, randomly transformed."""
        index = int(random.integers(len(self.photos)))
        frame = random_frame(random, self.photos[index].shape)
        settings = _random_night(random, frame)
        turn = Turn.random(random)
        dark, bright = self.thumbnails(index, settings, random, frame)
        return turn.image(dark), turn.image(bright), settings.plain

    def thumbnails(
        self,
        index: int,
        settings: NightSettings,
        random: np.random.Generator,
        frame: Frame | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Thumbnails of a frame at night, developed, and of its reference: S x S x 3, linear light.

        By default, the frame is the whole photo.
        """
        frame = whole_frame(self.photos[index].shape) if frame is None else frame
        steps = (np.arange(_AVERAGES) + 0.5) / (_AVERAGES * frame.longer)
        x, y = steps * frame.width, steps * frame.height
        scene = scene_light(linear_to_srgb(self._averages[index].of(frame, _AVERAGES)), settings)
        side = (frame.width * frame.height) ** 0.5 / _AVERAGES
        settings = settings.averaged(side / frame.longer)
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
        frame = whole_frame(self.photos[index].shape)
        return [_random_night(random, frame) for _ in range(count)]

    def random_night(self, frame: Frame, random: np.random.Generator) -> NightSettings:
        """Draw a random night for a frame."""
        return _random_night(random, frame)

    def sampled(self, index: int, settings: NightSettings, random: np.random.Generator) -> RawFrame:
        """Simulate a sample of a photo's pixels at night, with the noise they have in the frame; 72 x 96."""
        shape = self.photos[index].shape[:2]
        x, y = frame_positions(*shape)
        rows, columns = _sample_positions(shape)
        light = expose(scene_light(self._samples[index], settings), settings, x[columns], y[rows])
        if light.shape[:2] != _SAMPLE:
            light = light.transpose(1, 0, 2)
        return record(light, settings, random)


def _frames(items: Sequence[_Item], more: Sequence[_FramePair]) -> Frames:
    pairs = [item.thumbnails for item in items if item.thumbnails is not None]
    low, high = (_channels_first(np.stack([pair[side] for pair in pairs])) for side in (0, 1))
    more_low = _channels_first(np.stack([dark for dark, _, _ in more]))
    more_high = _channels_first(np.stack([bright for _, bright, _ in more]))
    return Frames(
        low,
        high,
        torch.tensor([item.window for item in items]),
        more_low,
        more_high,
        _weights([item.plain for item in items]),
        _weights([plain for _, _, plain in more]),
    )


def _weights(plain: Sequence[bool]) -> torch.Tensor:
    return torch.tensor([1.0 if one else _SPECIAL_WEIGHT for one in plain])


def _random_night(
    random: np.random.Generator, frame: Frame, lamp_window: tuple[float, float, float, float] | None = None
) -> NightSettings:
    """A random night, recorded as a RAW file or as a camera JPEG, half of which have an S-curve."""
    settings = random_night(random, frame.width / frame.longer, frame.height / frame.longer, lamp_window)
    jpeg = random.random() < JPEG_SHARE and settings.exposure_ev > _DARKEST_JPEG
    contrast = jpeg and settings.exposure_ev > _DARKEST_CONTRAST and random.random() < 0.5
    return replace(settings, contrast=contrast, eight_bit=jpeg)


def _resized(photo: np.ndarray, region: Region, crop: int) -> np.ndarray:
    left, top = int(region.left), int(region.top)
    part = Image.fromarray(photo[top : int(np.ceil(region.bottom)), left : int(np.ceil(region.right))])
    box = (region.left - left, region.top - top, region.right - left, region.bottom - top)
    return np.asarray(part.resize((crop, crop), Image.Resampling.BICUBIC, box=box))


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


def _halved(averages: np.ndarray) -> np.ndarray:
    """Averages of 2 x 2 values, H x W x 3."""
    height, width, channels = averages.shape
    return np.asarray(averages.reshape(height // 2, 2, width // 2, 2, channels).mean((1, 3)))


def _channels_first(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
