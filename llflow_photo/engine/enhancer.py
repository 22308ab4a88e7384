"""The engine's interface: one model on one device, for photos of any size."""

from __future__ import annotations

import numpy as np

from ..color.light_samples import KnownLight
from ..errors import OptionError
from ..flow import LLFlow, PhotoStatistics, Size
from ..flow.statistics import StatisticsOfRows
from .costs import default_halo, kept_bytes_per_pixel, working_bytes_per_pixel
from .encoded_photo import EncodedPhoto
from .memory import free_bytes, largest_tile
from .runner import Runner, resolve_device
from .small_photo import SmallPhoto
from .tiles import RAMP, TILE_SIDES, tile_side
from .view import FramePart, View

__all__ = ["Enhancer"]

_MIB = 2**20
_KEPT = 1024 * _MIB
"""Default limit of the memory that an encoded photo keeps, bytes."""
_GUESS_BYTES = 12
"""Bytes per pixel of a kept guess."""


class Enhancer:
    """Renders photos with one model on one device.

    Args:
        flow: the network; its weights are copied into the inference form.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        tile: side of a square tile in pixels, or ``auto``, which depends on the free memory. Tiles are
            rectangles of at most the square's area.
        threads: processor threads while rendering; by default torch's setting.
        memory_budget: bytes that an encoded photo may keep to speed up further renderings; by default 1 GiB,
            or a quarter of the free memory if that is less.
        backend: ``auto``, ``float32``, ``mixed`` or ``half``; ``auto`` selects the fastest one that renders
            a calibration image within 0.7/255 of float32. Single pixels of other photos differ by more,
            in light of one color by up to 2.3/255.
        halo: pixels of context that each tile reads on each side, at least 16; by default it depends on the
            network's size.

    Raises:
        OptionError: ``tile`` or ``halo`` is too small.

    Attributes:
        device: the device of the network.
        halo: pixels of context on each side of a tile.
    """

    def __init__(
        self,
        flow: LLFlow,
        *,
        device: str = "auto",
        tile: int | str = "auto",
        threads: int | None = None,
        memory_budget: int | None = None,
        backend: str = "auto",
        halo: int | None = None,
    ) -> None:
        if tile != "auto" and (not isinstance(tile, int) or tile < 64):
            raise OptionError(f"tile is {tile!r}; give 'auto' or a side of at least 64 pixels")
        if halo is not None and (not isinstance(halo, int) or halo < RAMP):
            raise OptionError(f"halo is {halo!r}; give at least {RAMP} pixels, over which tiles are blended")
        self.device = resolve_device(device)
        self.halo = default_halo(flow.size) if halo is None else -(-halo // Size.MULTIPLE) * Size.MULTIPLE
        self._size = flow.size
        self._tile = tile
        self._threads = threads
        self._budget = memory_budget
        self._runner = Runner(flow, self.device, backend)
        self._small: tuple[PhotoStatistics, KnownLight | None, SmallPhoto] | None = None

    @property
    def precision(self) -> str:
        """Data types of the network: ``float32``, ``float32+bfloat16``, ``float16`` and so on."""
        return str(self._runner.precision)

    def encode(
        self,
        view: np.ndarray,
        *,
        keep: bool | None = None,
        statistics: PhotoStatistics | None = None,
        part: FramePart | None = None,
        known: KnownLight | None = None,
    ) -> EncodedPhoto:
        """Prepare a photo for any number of renderings.

        Args:
            view: H x W x 3, sRGB-encoded, float32 in [0, 1] or uint8; any size from 1 x 1. It is not copied.
            keep: whether the first renderings keep what further ones need: the best guess, and for latents
                with noise what decoding needs besides the latent. By default each of them is kept if the
                memory budget allows it.
            statistics: `photo_statistics` of the whole photo, if ``view`` is only part of it, or those shared
                by a series of photos.
            part: position of ``view`` in the frame of the whole photo, if it is only part of it; then
                ``statistics`` are needed, too.
            known: light that the renderings of a plain night are held to.

        Raises:
            ImageInputError: ``view`` has another shape or type, or values that are not finite.
            OptionError: ``part`` is given without ``statistics``.
        """
        photo = View(view, part)
        if part is not None and statistics is None:
            raise OptionError("a part of a photo needs the statistics of the whole photo")
        if statistics is None:
            statistics = photo.statistics(self._size)
        elif part is None:
            statistics = statistics.with_small_version_of(view)
        free = free_bytes(self.device)
        budget = min(_KEPT, free // 4) if self._budget is None else self._budget
        pixels = photo.padded_height * photo.padded_width
        of_conditioning = pixels * kept_bytes_per_pixel(self._size, self._runner.precision)
        of_guess = _GUESS_BYTES * pixels
        return EncodedPhoto(
            self._runner,
            photo,
            statistics,
            self._tile_for(free),
            self.halo,
            self._threads,
            keeps_guess=of_guess <= budget if keep is None else keep,
            keeps_conditioning=of_guess + of_conditioning <= budget if keep is None else keep,
            small=None if part is None else self._small_photo(statistics, known),
            known=known,
        )

    def photo_statistics(self, view: np.ndarray, levels: np.ndarray | None = None) -> PhotoStatistics:
        """Compute the statistics of a whole photo that this model needs.

        Args:
            view: H x W x 3, as for `encode`, or a sample of its pixels.
            levels: pixels to compute the histogram from, if ``view`` contains averages, which lack noise.

        Raises:
            ImageInputError: ``view`` has another shape or type.
        """
        View(view)  # checks shape and type
        return PhotoStatistics.of(view, self._size, levels)

    def statistics_of_rows(self, shape: tuple[int, int]) -> StatisticsOfRows:
        """Gather the `photo_statistics` of a photo from blocks of its rows.

        Args:
            shape: height and width of the photo.
        """
        return StatisticsOfRows(shape, self._size)

    def _small_photo(self, statistics: PhotoStatistics, known: KnownLight | None) -> SmallPhoto:
        """The small photo that all parts of a photo share."""
        cached = self._small
        if cached is None or cached[0] is not statistics or cached[1] is not known:
            small = SmallPhoto(self._runner, statistics.small, self._runner.photo(statistics), known)
            cached = self._small = (statistics, known, small)
        return cached[2]

    def _tile_for(self, free: int) -> int:
        if isinstance(self._tile, int):
            return tile_side(self._tile, self.halo)
        smallest = tile_side(0, self.halo, 4)
        wanted = tuple(side for side in TILE_SIDES if side >= smallest) or (smallest,)
        return largest_tile(free // 2, working_bytes_per_pixel(self._size, self._runner.precision), wanted)
