"""Training pairs made on the fly: crops of clean photos, and what a camera would make of them at night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image

from ..camera.curves import linear_to_srgb, srgb_to_linear
from ..camera.develop import develop, develop_many
from ..camera.jpeg import camera_jpeg
from ..camera.night import NightSettings, night, random_night
from ..camera.noise import Noise
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
from ..flow.exposure import THUMBNAIL, exposed, exposure_gain_ev, without_trim
from ..flow.statistics import PhotoStatistics, as_seen
from .pairs import Batch, LoadedPair

__all__ = ["JPEG_SHARE", "SimulatedSource", "validation_pairs"]

JPEG_SHARE = 0.3
"""Share of pairs whose dark photo is a JPEG."""

_DARKEST_JPEG, _DARKEST_CONTRAST = -5.5, -2.5
"""Below these EV, eight bits, and eight bits after a camera's S-curve, keep nothing to learn from."""

_SMALLEST_SCALE = 0.35
_SAMPLE = (72, 96)
"""Rows and columns of the pixels that stand for a whole photo in its histogram."""

_THUMBNAIL = (THUMBNAIL * 2 // 3, THUMBNAIL)
"""Rows and columns of the averages that stand for it where its exposure is foretold."""


def validation_pairs(
    photos: Sequence[np.ndarray],
    nights: Sequence[NightSettings] = (night(-3.0, "daylight"), night(-5.0, "tungsten")),
    longest: int = 512,
    seed: int = 0,
    exposure_rule: Sequence[float] = (),
) -> list[LoadedPair]:
    """One pair of each photo, the nights in turn, developed frame by frame as real RAW files are.

    Args:
        photos: H x W x 3, uint8, sRGB-encoded.
        longest: photos are scaled down to this side, which cleans them and saves time.
        exposure_rule: of the network that is validated, see `flow.exposure`.
    """
    pairs = []
    for index, photo in enumerate(photos):
        clean = Image.fromarray(photo)
        clean.thumbnail((longest, longest), Image.Resampling.BICUBIC)
        high = np.array(clean)
        frame = simulate_night_raw(high, nights[index % len(nights)], np.random.default_rng([seed, index]))
        low, statistics = as_seen(develop(frame), exposure_rule)
        pairs.append(LoadedPair(np.rint(low * 255.0).astype(np.uint8), high, statistics.equalization))
    return pairs


@dataclass(frozen=True)
class _Item:
    """One pair before development; ``jpeg`` is the quality and noise reduction of a camera's own."""

    crop: RawFrame
    whole: RawFrame
    thumbnail: RawFrame | None
    reference: np.ndarray
    contrast: bool
    jpeg: tuple[int, float] | None


class SimulatedSource:
    """Pairs from clean photos through the camera simulation, each pair of another photo, night and camera.

    The batch of a step depends on the seed and the step alone. A crop is simulated by itself; its whole
    photo's histogram comes from a sample of the photo's pixels under the same light, camera and noise, the
    photo's exposure from averages of its pixels, whose noise is as much smaller as they are fewer.

    Args:
        photos: H x W x 3, uint8, sRGB-encoded, clean and well exposed.
        seed: of everything random.
        exposure_rule: of the network that is trained, see `flow.exposure`.
    """

    def __init__(
        self, photos: Sequence[np.ndarray], seed: int = 0, exposure_rule: Sequence[float] = ()
    ) -> None:
        if not photos:
            raise TrainingDataError("no photos are left to train on after holding some out; hold out fewer")
        self.photos = list(photos)
        self.seed = seed
        self.exposure_rule = without_trim(exposure_rule)
        self._samples = [_sampled(photo) for photo in self.photos]
        self._thumbnails = [_averaged(photo) for photo in self.photos]

    def batch(self, step: int, crop: int, size: int) -> Batch:
        """N = ``size`` pairs of ``crop`` x ``crop`` pixels.

        Raises:
            TrainingDataError: a photo is smaller than the crop.
        """
        items = [self._item(np.random.default_rng([self.seed, step, index]), crop) for index in range(size)]
        contrast = [item.contrast for item in items]
        dark = develop_many([item.crop for item in items], contrast)
        whole = develop_many([item.whole for item in items], contrast)
        for index, item in enumerate(items):
            if item.jpeg is not None:
                dark[index] = camera_jpeg(dark[index], *item.jpeg)
        statistics = self._statistics(whole, items, contrast)
        tables = np.stack([one.equalization for one in statistics])
        low = torch.stack(
            [
                exposed(photo, one.gain_ev)
                for photo, one in zip(_channels_first(dark), statistics, strict=True)
            ]
        )
        references = np.stack([item.reference for item in items])
        return Batch(low, _channels_first(references), torch.from_numpy(tables))

    def _statistics(
        self, whole: np.ndarray, items: Sequence[_Item], contrast: Sequence[bool]
    ) -> list[PhotoStatistics]:
        frames = [item.thumbnail for item in items if item.thumbnail is not None]
        if not frames:
            return [PhotoStatistics.of(photo) for photo in whole]
        thumbnails = develop_many(frames, contrast)
        gains = [exposure_gain_ev(thumbnail, self.exposure_rule) for thumbnail in thumbnails]
        return [PhotoStatistics.at(photo, gain) for photo, gain in zip(whole, gains, strict=True)]

    def _item(self, random: np.random.Generator, crop: int) -> _Item:
        index = int(random.integers(len(self.photos)))
        photo = self.photos[index]
        region, x, y = _random_region(random, photo.shape[:2], crop)
        longer = max(photo.shape[:2])
        settings = random_night(
            random, photo.shape[1] / longer, photo.shape[0] / longer, (x[0], y[0], x[-1], y[-1])
        )
        jpeg = random.random() < JPEG_SHARE and settings.exposure_ev > _DARKEST_JPEG
        reduction = float(random.uniform(0.2, 1.0)) if random.random() < 0.5 else 0.0
        loss = (int(random.integers(75, 99)), reduction) if jpeg else None
        contrast = jpeg and settings.exposure_ev > _DARKEST_CONTRAST and random.random() < 0.5
        settings = replace(settings, contrast=contrast)
        pixels = _resized(photo, region, crop)
        scene = scene_light(pixels, settings)
        light = expose(scene, settings, x, y)
        bright = reference(scene, settings, x, y)
        light, bright = _turned(random, light, bright)
        whole = self.sampled(index, settings, random)
        thumbnail = self.thumbnail(index, settings, random) if self.exposure_rule else None
        return _Item(record(light, settings, random), whole, thumbnail, bright, settings.contrast, loss)

    def whole_photo(
        self, index: int, nights: Sequence[NightSettings], random: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """A photo under some nights, from averages of its pixels, as `flow.exposure.thumbnail` makes them.

        Yields:
            the dark photo as developed, the same without noise, and its reference: 106 x 160 x 3, float32,
            sRGB-encoded, in [0, 1].
        """
        contrast = [settings.contrast for settings in nights]
        quiet = [replace(settings, noise=Noise()) for settings in nights]
        dark, clean = (
            develop_many([self.thumbnail(index, settings, random) for settings in some], contrast)
            for some in (nights, quiet)
        )
        x, y = _averages_at(self.photos[index].shape[:2])
        for number, settings in enumerate(nights):
            bright = reference(scene_light(self._thumbnails[index], settings), settings, x, y)
            upright = bright if bright.shape == dark.shape[1:] else bright.transpose(1, 0, 2)
            yield dark[number], clean[number], upright

    def random_nights(self, index: int, count: int, random: np.random.Generator) -> list[NightSettings]:
        """Nights of a photo's shape."""
        height, width = self.photos[index].shape[:2]
        longer = max(height, width)
        return [random_night(random, width / longer, height / longer) for _ in range(count)]

    def sampled(self, index: int, settings: NightSettings, random: np.random.Generator) -> RawFrame:
        """A sample of a photo's pixels at night, each as noisy as it would be in the frame; 72 x 96."""
        shape = self.photos[index].shape[:2]
        x, y = frame_positions(*shape)
        rows, columns = _sample_positions(shape)
        light = expose(scene_light(self._samples[index], settings), settings, x[columns], y[rows])
        if light.shape[:2] != _SAMPLE:
            light = light.transpose(1, 0, 2)
        return record(light, settings, random)

    def thumbnail(self, index: int, settings: NightSettings, random: np.random.Generator) -> RawFrame:
        """Averages of a photo's pixels at night, with the noise that averages have; 106 x 160."""
        shape = self.photos[index].shape[:2]
        x, y = _averages_at(shape)
        light = expose(scene_light(self._thumbnails[index], settings), settings, x, y)
        if light.shape[:2] != _THUMBNAIL:
            light = light.transpose(1, 0, 2)
        averaged = max(1.0, max(shape) / THUMBNAIL)
        return record(light, replace(settings, noise=settings.noise.averaged(averaged)), random)


def _random_region(
    random: np.random.Generator, shape: tuple[int, ...], crop: int
) -> tuple[tuple[float, float, float, float], np.ndarray, np.ndarray]:
    """A square of a photo that a crop is scaled down from: its box, and its columns' and rows' positions."""
    height, width = shape
    if crop > min(height, width):
        raise TrainingDataError(
            f"a photo of {width}x{height} is too small for crops of {crop}: leave it out or crop less"
        )
    smallest = max(_SMALLEST_SCALE, crop / min(height, width))
    side = crop / random.uniform(smallest, 1.0)
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


def _turned(random: np.random.Generator, *images: np.ndarray) -> list[np.ndarray]:
    """The same random flip and transpose; before recording, so that noise rows stay rows."""
    flip_down, flip_right, transpose = random.integers(2, size=3)
    result = []
    for image in images:
        part = image[::-1] if flip_down else image
        part = part[:, ::-1] if flip_right else part
        result.append(part.transpose(1, 0, 2) if transpose else part)
    return result


def _sample_positions(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the sampled pixels, evenly spread."""
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
    rows, columns = _THUMBNAIL if shape[1] >= shape[0] else _THUMBNAIL[::-1]
    height, width = shape[:2]
    across, down = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
    return across * width / max(height, width), down * height / max(height, width)


def _averaged(photo: np.ndarray) -> np.ndarray:
    """Averages in linear light, H x W x 3, float32, sRGB-encoded."""
    rows, columns = _THUMBNAIL if photo.shape[1] >= photo.shape[0] else _THUMBNAIL[::-1]
    linear = torch.from_numpy(srgb_to_linear(photo).transpose(2, 0, 1).copy())
    means = torch.nn.functional.adaptive_avg_pool2d(linear[None], (rows, columns))[0]
    return linear_to_srgb(means.permute(1, 2, 0).numpy())


def _channels_first(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
