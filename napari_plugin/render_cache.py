"""Cache of loaded models and encoded regions between renderings. Thread-safe, without Qt."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.explore.region import Region, resample
from llflow_photo.options import Options
from llflow_photo.photo import Photo

from .histogram import Histogram, histogram_of
from .layers import Snapshot, halved

if TYPE_CHECKING:
    from llflow_photo.engine import Enhancer
    from llflow_photo.explore import EncodedRegion, WholePhoto

__all__ = ["RenderCache", "Subject", "reduced"]

_KEPT_PIXELS = 1_400_000
"""Pixels kept in addition to the largest region, the visible one. A region takes up to 0.5 kB per pixel."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A photo, and a number that identifies its current pixels; changed pixels get another number."""

    snapshot: Snapshot
    number: int

    @property
    def photo(self) -> Photo:
        return self.snapshot.photo


class RenderCache:
    """Models and encoded regions, each made at first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._regions: OrderedDict[Any, EncodedRegion] = OrderedDict()
        self._wholes: dict[tuple[int, str, bool], WholePhoto] = {}
        self._before: dict[tuple[int, Region], Histogram] = {}

    def enhancer(self, options: Options) -> Enhancer:
        """The model and device of ``options``, loaded once per process."""
        from llflow_photo.api import load_enhancer

        with self._loading:  # other threads wait instead of loading it again
            return load_enhancer(options.model, device=options.device, tile=options.tile)

    def whole(self, subject: Subject, options: Options, cancel: Callable[[], bool]) -> WholePhoto:
        """The statistics of the whole photo for the model of ``options``."""
        from llflow_photo.explore import WholePhoto

        key = (subject.number, options.model, options.remove_specks)
        with self._lock:
            known = self._wholes.get(key)
        if known is None:
            known = WholePhoto.of(subject.photo, self.enhancer(options), options, cancel)
            with self._lock:
                self._wholes = {key: known}
        return known

    def kept(self, subject: Subject, region: Region, options: Options) -> EncodedRegion | None:
        """The encoded region; None if it is not in the cache."""
        with self._lock:
            return self._regions.get(_key(subject, region, options))

    def encoded(
        self,
        subject: Subject,
        region: Region,
        options: Options,
        cancel: Callable[[], bool],
        *,
        coarse: bool = False,
    ) -> EncodedRegion:
        """The encoded region, encoded now if it is not in the cache.

        Args:
            coarse: whether the region is reduced so much that specks vanish, and need not be searched.
        """
        from llflow_photo.explore import encode_region

        key = _key(subject, region, options, coarse)
        with self._lock:
            if key in self._regions:
                self._regions.move_to_end(key)
                return self._regions[key]
        enhancer = self.enhancer(options)
        whole = self.whole(subject, options, cancel)
        if coarse:
            options = replace(options, remove_specks=False)
        made = encode_region(enhancer, subject.photo, region, whole, cancel, options)
        with self._lock:
            self._regions[key] = made
            while len(self._regions) > 1 and _beside_the_largest(self._regions) > _KEPT_PIXELS:
                self._regions.popitem(last=False)
        return made

    def prepare_changes(self, subject: Subject, region: Region, options: Options) -> None:
        """Prepare other looks of a region in the cache, so that the first one is shown soon."""
        known = self.kept(subject, region, options)
        if known is not None:
            with contextlib.suppress(LLFlowPhotoError):  # rendering them reports the error
                known.photo.prepare_changes()

    def encoded_small(
        self, small: Photo, region: Region, options: Options, cancel: Callable[[], bool]
    ) -> EncodedRegion:
        """A region of a photo that is still being read, encoded from a reduced version of it.

        Args:
            small: the reduced photo, see `reduced`.
            region: of the whole photo.
        """
        from llflow_photo.explore import encode_region

        height, width = small.pixels.shape[:2]
        part = replace(region, photo=(height, width))
        options = replace(options, remove_specks=False)  # the reduction has averaged them away
        return encode_region(self.enhancer(options), small, part, None, cancel, options)

    def before(self, subject: Subject, region: Region) -> Histogram:
        """The histogram of a region of the photo; the latest one is cached."""
        key = (subject.number, region)
        with self._lock:
            known = self._before.get(key)
        if known is None:
            known = histogram_of(resample(subject.photo.pixels, region))
            with self._lock:
                self._before = {key: known}
        return known

    def forget(self) -> None:
        """Discard all encoded regions."""
        with self._lock:
            self._regions.clear()
            self._wholes.clear()


def reduced(photo: Photo, region: Region) -> Photo | None:
    """A photo halved as often as it keeps at least the pixels of a region's frame; None if it has fewer."""
    pixels = photo.pixels
    if any(side < wanted for side, wanted in zip(pixels.shape, region.frame, strict=False)):
        return None
    while all(side // 2 >= wanted for side, wanted in zip(pixels.shape, region.frame, strict=False)):
        pixels = halved(pixels)
    return photo.with_pixels(pixels)


def _beside_the_largest(regions: OrderedDict[Any, EncodedRegion]) -> int:
    """Pixels of all regions except the largest."""
    pixels = sorted(kept.region.shape[0] * kept.region.shape[1] for kept in regions.values())
    return sum(pixels[:-1])


def _key(subject: Subject, region: Region, options: Options, coarse: bool = False) -> tuple[Any, ...]:
    return subject.number, region, options.model, options.device, options.remove_specks, coarse
