"""An encoded photo, from which any latent is rendered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ..callbacks import Cancel, Progress, raise_if_cancelled
from ..color.light_samples import KnownLight
from ..errors import DeviceError
from ..flow import PhotoStatistics
from ..machine import give_back_memory
from .canvas import Canvas
from .color_change import ColorChange
from .inference import TileConditioning
from .latent import AnyLatent, Latent, with_brightness
from .memory import is_out_of_memory
from .rendering import rendered
from .runner import Runner, using_threads
from .small_photo import SmallPhoto
from .tiles import Tile, plan_tiles, tile_side
from .view import View

__all__ = ["EncodedPhoto"]

_LATENT_TILE = 512
"""Side of a tile for the trained form, which takes more memory than the inference form, pixels."""
_LATENT_HALOS = 3
"""Such a tile has at least the side of this number of halos."""
_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


class EncodedPhoto:
    """A photo that can be rendered; created by `Enhancer.encode`.

    Latents without noise vary slowly over the frame. Their renderings are the best guess with the change of
    light and color that they cause in a small version of the photo (`SmallPhoto`), which costs little and
    keeps every detail of the guess. Latents with noise are decoded at full size.

    The photo's array is read at every rendering unless what is needed of it is kept, so it must not be
    changed.

    Args:
        keeps_guess: whether to keep the best guess, from which renderings without noise are made.
        keeps_conditioning: whether to keep everything that decoding needs besides the latent.
        small: shared by the parts of a photo; by default it is made.
        known: light that all renderings of a plain night are held to, see `known_light`.

    Attributes:
        tile: current side of a square tile in pixels, see `tiles.plan_tiles`.
        halo: pixels of context that each tile reads on each side.
        notes: messages for the user, one sentence each.
    """

    def __init__(
        self,
        runner: Runner,
        view: View,
        statistics: PhotoStatistics,
        tile: int,
        halo: int,
        threads: int | None = None,
        *,
        keeps_guess: bool = False,
        keeps_conditioning: bool = False,
        small: SmallPhoto | None = None,
        known: KnownLight | None = None,
    ) -> None:
        self._runner = runner
        self._view = view
        self._statistics = statistics
        self._photo = runner.photo(statistics)
        self._small = small or SmallPhoto(runner, statistics.small, self._photo, known)
        self._threads = threads
        self._keeps_guess = keeps_guess
        self._guess: np.ndarray | None = None
        self._kept: dict[int, TileConditioning] | None = {} if keeps_conditioning else None
        self.tile = tile
        self.halo = halo
        self.notes: list[str] = []
        self._tiles = self._plan()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the photo, pixels."""
        return self._view.height, self._view.width

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return len(self._tiles)

    @property
    def keeps_guess(self) -> bool:
        """Whether the best guess is kept."""
        return self._keeps_guess

    def has_noise(self, latent: AnyLatent) -> bool:
        """Whether a latent has noise, so that it is decoded at full size."""
        return self._runner.offsets.has_noise(latent)

    def is_quick(self, latent: AnyLatent) -> bool:
        """Whether what was kept suffices to render a latent without encoding the photo again."""
        if self.has_noise(latent):
            return self._kept is not None and len(self._kept) == self.tiles
        return self._guess is not None

    def decode(
        self,
        latent: AnyLatent,
        *,
        out: np.ndarray | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> np.ndarray:
        """Render one latent.

        Args:
            latent: the latent.
            out: array to write to, H x W x 3, float32; by default a new one.
            progress: called with the number of tiles done and of all.
            cancel: called before each tile; the run ends if it returns true.

        Returns:
            H x W x 3, float32, sRGB-encoded, in [0, 1].

        Raises:
            CancelledError: ``cancel`` returned true.
            NonFiniteOutputError: the network's output is not finite.
            DeviceError: memory ran out even with the smallest tile.
        """
        return self.decode_many(
            [latent], out=None if out is None else [out], progress=progress, cancel=cancel
        )[0]

    def decode_many(
        self,
        latents: Sequence[AnyLatent],
        *,
        out: Sequence[np.ndarray] | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[np.ndarray]:
        """Render several latents, encoding each tile only once; see `decode`."""
        height, width = self.shape
        canvases = [
            Canvas(height, width, None if out is None else out[index]) for index in range(len(latents))
        ]
        pairs = list(zip(latents, canvases, strict=True))
        decoded = [pair for pair in pairs if self.has_noise(pair[0])]
        changed = [pair for pair in pairs if not self.has_noise(pair[0])]
        guess = self._guess
        if changed and guess is None:
            # The last one is changed in place.
            canvas = Canvas(height, width) if self._keeps_guess else changed[-1][1]
            decoded.append((Latent(), canvas))
            guess = canvas.pixels
        self._with_less_memory(lambda: self._decode(decoded, progress, cancel))
        if changed and self._keeps_guess:
            self._guess = guess
        for latent, canvas in changed:
            raise_if_cancelled(cancel)
            assert guess is not None
            if latent.look() is None and not latent.brightness:
                np.clip(guess, 0.0, 1.0, out=canvas.pixels)
            else:
                self.apply(self.change_of(latent), guess, canvas.pixels, cancel)
        if progress and not decoded:
            progress(self.tiles, self.tiles)
        return [canvas.finish() for canvas in canvases]

    def _decode(
        self,
        pairs: Sequence[tuple[AnyLatent, Canvas]],
        progress: Progress | None,
        cancel: Cancel | None,
    ) -> None:
        """Decode latents at full size, tile by tile."""
        if not pairs:
            return
        for _, canvas in pairs:
            canvas.clear()
        latents = [with_brightness(latent, 0.0) for latent, _ in pairs]
        planned, kept = self._tiles, self._kept  # other threads may reduce the tiles
        if not kept and not any(map(self.has_noise, latents)):
            kept = None
        tiles = rendered(self._runner, self._view, self._photo, planned, kept, latents, cancel)
        for done, (index, tile, values) in enumerate(tiles, 1):
            pairs[index][1].add(tile, values)
            if progress and not done % len(pairs):
                progress(done // len(pairs), len(planned))
        correction = self._small.correction
        if correction is not None:
            for _, canvas in pairs:
                correction.apply(canvas.pixels, cancel)
        for latent, canvas in pairs:
            if latent.brightness:
                change = self._small.change_of_brightness(latent.brightness)
                self.apply(change, canvas.pixels, canvas.pixels, cancel)

    def prepare_changes(self) -> None:
        """Compute what all calls of `change_of` share, which the first one does otherwise."""
        self._with_less_memory(self._small.guess)

    def change_of(self, latent: AnyLatent) -> ColorChange:
        """What a latent without noise, see `has_noise`, changes in the light and color of the best guess.

        Raises:
            NonFiniteOutputError: the network's output is not finite.
        """
        return self._with_less_memory(lambda: self._small.change(latent))

    def apply(
        self,
        change: ColorChange,
        guess: np.ndarray,
        out: np.ndarray,
        cancel: Cancel | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Apply a change to the best guess, or to what was made of it.

        Args:
            guess: H x W x 3, float32, sRGB-encoded; it may exceed [0, 1].
            out: array for the result, likewise, clipped to [0, 1]; it may be ``guess`` itself.
            cancel: called before each block of rows; `CancelledError` is raised if it returns true.
            progress: called with the number of rows done and of all.
        """
        with using_threads(self._threads):
            change.apply(guess, out, self._view.part, cancel, progress)

    def forget_photo(self) -> None:
        """Release the photo's pixels and what is kept of its tiles; full size is not decoded any more."""
        self._kept = None
        self._view = self._view.without_pixels()
        give_back_memory()

    def forget_guess(self) -> None:
        """Release the memory of the best guess; it is decoded again if it is needed."""
        self._guess = None

    def residual(
        self, picture: np.ndarray, *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> np.ndarray:
        """Compute the latent of an image of this photo, minus the latent's mean.

        Args:
            picture: H x W x 3, sRGB-encoded, float in [0, 1].
            progress: called with the number of tiles done and of all.
            cancel: called before each tile; the run ends if it returns true.

        Returns:
            192 x H'/8 x W'/8, float32 (H' and W' are H and W rounded up to multiples of 8).
        """
        view, other = self._view, View(self._without_correction(picture, cancel))
        total = np.zeros((192, view.padded_height // 8, view.padded_width // 8), np.float32)

        def collect() -> np.ndarray:
            total[:] = 0
            side = min(self.tile, tile_side(_LATENT_TILE, self.halo, _LATENT_HALOS))
            tiles = plan_tiles(view.padded_height, view.padded_width, side, self.halo)
            for done, tile in enumerate(tiles, 1):
                raise_if_cancelled(cancel)
                images, windows = view.image(tile)[None], view.window(tile)[None]
                part = self._runner.residual(images, self._statistics, windows, other.image(tile)[None])[0]
                weights = np.outer(tile.rows.weights[4::8], tile.cols.weights[4::8])
                total[:, tile.rows.latent, tile.cols.latent] += part.numpy() * weights
                if progress:
                    progress(done, len(tiles))
            return total

        return self._with_less_memory(collect)

    def _without_correction(self, picture: np.ndarray, cancel: Cancel | None) -> np.ndarray:
        """What a picture was before the correction to the known light."""
        correction = self._small.correction
        if correction is None:
            return picture
        before = np.array(picture, np.float32)
        if picture.dtype == np.uint8:
            before /= np.float32(255)
        with using_threads(self._threads):
            correction.undo(before, cancel)
        return before

    def _plan(self) -> list[Tile]:
        return plan_tiles(self._view.padded_height, self._view.padded_width, self.tile, self.halo)

    def _with_less_memory(self, work: Callable[[], _Result]) -> _Result:
        """Call ``work``; if memory runs out, repeat it with tiles of half the side."""
        while True:
            try:
                with using_threads(self._threads):
                    return work()
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                smaller = tile_side(self.tile // 2, self.halo, 4)
                if smaller >= self.tile:
                    raise DeviceError(
                        f"out of memory on {self._runner.device} with the smallest tile, {self.tile} pixels; "
                        "close other programs or use another device"
                    ) from error
                self._shrink(smaller)

    def _shrink(self, tile: int) -> None:
        note = f"out of memory on {self._runner.device}; tiles were reduced from {self.tile} to {tile} pixels"
        _log.warning("%s", note)
        self.notes.append(note)
        self._kept = None  # smaller tiles would keep even more
        self.tile = tile
        self._tiles = self._plan()
        self._runner.release()
