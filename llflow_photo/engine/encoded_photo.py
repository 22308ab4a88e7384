"""An encoded photo, from which any latent is rendered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ..callbacks import Cancel, Progress, raise_if_cancelled
from ..errors import DeviceError
from ..flow import PhotoStatistics, Size
from .canvas import Canvas
from .inference import TileConditioning
from .latent import AnyLatent
from .memory import is_out_of_memory
from .rendering import condition as tile_condition
from .rendering import rendered
from .runner import Runner, using_threads
from .tiles import Tile, plan_tiles
from .view import View

__all__ = ["EncodedPhoto"]

_LATENT_TILE = 512
"""Side of a tile for the trained form, which takes more memory than the inference form."""
_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


class EncodedPhoto:
    """A photo that can be rendered; created by `Enhancer.encode`.

    Unless `cached`, every rendering reads the photo's array again, so it must not be changed.

    Attributes:
        tile: current side of a tile in pixels.
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
    ) -> None:
        self._runner = runner
        self._view = view
        self._statistics = statistics
        self._photo = runner.photo(statistics)
        self._threads = threads
        self._kept: list[TileConditioning] = []
        self.tile = tile
        self.halo = halo
        self.notes: list[str] = []
        self._tiles = self._plan()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the photo, pixels."""
        return self._view.height, self._view.width

    @property
    def cached(self) -> bool:
        """Whether everything that depends only on the photo is kept, which makes renderings cheap."""
        return bool(self._kept)

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return len(self._tiles)

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

        def render() -> list[np.ndarray]:
            canvases = [
                Canvas(self._view.height, self._view.width, None if out is None else out[index])
                for index in range(len(latents))
            ]
            tiles = rendered(self._runner, self._view, self._photo, self._tiles, self._kept, latents, cancel)
            for done, (index, tile, values) in enumerate(tiles, 1):
                canvases[index].add(tile, values)
                if progress and not done % len(latents):
                    progress(done // len(latents), self.tiles)
            return [canvas.finish() for canvas in canvases]

        return self._with_less_memory(render)

    def keep(self, progress: Progress | None = None, cancel: Cancel | None = None) -> None:
        """Compute and keep everything that depends only on the photo."""

        def condition() -> None:
            kept = []
            for done, tile in enumerate(self._tiles, 1):
                raise_if_cancelled(cancel)
                kept.append(tile_condition(self._runner, self._view, self._photo, tile))
                if progress:
                    progress(done, self.tiles)
            self._kept = kept

        self._with_less_memory(condition)

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
        view, other = self._view, View(picture)
        total = np.zeros((192, view.padded_height // 8, view.padded_width // 8), np.float32)

        def collect() -> np.ndarray:
            total[:] = 0
            tiles = plan_tiles(view.padded_height, view.padded_width, min(self.tile, _LATENT_TILE), self.halo)
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
                smaller = max(self.tile // 2, 4 * self.halo) // Size.MULTIPLE * Size.MULTIPLE
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
        self._kept = []
        self.tile = tile
        self._tiles = self._plan()
        self._runner.release()
