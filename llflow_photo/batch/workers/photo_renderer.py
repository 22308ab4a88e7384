"""The renderer of real batches: the same functions as for one file, with the network inside the gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...callbacks import Cancel, Gate
from ...photo import Photo
from ...series import SeriesReference
from ..job import Job

if TYPE_CHECKING:
    from ...flow import LLFlow

__all__ = ["PhotoRenderer"]

TILE_BYTES = 1536 << 20
"""Memory for a tile, the same on every machine; part of `placement.PROCESS_BYTES`."""

KEPT_BYTES = 1024 << 20
"""Memory for what the samples of a photo share."""


class PhotoRenderer:
    """Reads, renders and writes photos; the model is loaded by the constructor.

    Raises:
        ModelNotFoundError: the model does not exist.
        CheckpointError: the file of the model is damaged.
        DeviceError: the device is not available.
    """

    def __init__(self, job: Job) -> None:
        from ...engine import Enhancer
        from ...loading import load_model

        self._job = job
        flow = load_model(job.options.model).flow
        # The output bytes must not depend on the amount of free memory, so tile size and budget are fixed.
        self.enhancer = Enhancer(
            flow,
            device=job.options.device,
            tile=_tile(flow) if job.options.tile == "auto" else job.options.tile,
            threads=job.threads,
            memory_budget=KEPT_BYTES if job.options.samples > 1 else 0,
        )

    def read(self, path: Path) -> Photo:
        """Read a photo; see `files.read`."""
        from ... import files

        return files.read(path, self._job.raw)

    def check(self, photo: Photo, path: Path) -> None:
        """Reject a photo that is too large for the format of its output; see `files.check_dimensions`."""
        from ... import files

        files.check_dimensions(path, self._job.encoding, photo.width, photo.height)

    def render(
        self, photo: Photo, seed: int, gate: Gate, cancel: Cancel, series: SeriesReference | None = None
    ) -> Iterator[Photo]:
        """Yield ``options.samples`` renderings; only the network runs inside the gate.

        Specks are removed from the photo's own array.
        ``seed`` determines the latent of the photo's regions and its grain. The latent of the whole frame is
        that of the batch; for a frame of a series, the latent of the regions is that of the series.
        """
        from ...api import renderings, with_settings_recorded
        from ...files.provenance import content_hash

        options = replace(self._job.options, detail_seed=seed)
        content = content_hash(photo.source) if photo.source is not None else ""
        rendered = renderings(
            photo, options, self.enhancer, cancel=cancel, series=series, gate=gate, in_place=True
        )
        for number, rendering in enumerate(rendered):
            yield with_settings_recorded(rendering, options, options.seed + number, content, series)

    def write(self, photo: Photo, path: Path, overwrite: bool) -> tuple[str, ...]:
        """Write a rendering; see `files.write`."""
        from ... import files

        return tuple(files.write(photo, path, self._job.encoding, overwrite=overwrite))


def _tile(flow: LLFlow) -> int:
    """Side in pixels of the largest tile that fits in `TILE_BYTES` and in a third of the memory."""
    from ...engine.costs import working_bytes_per_pixel
    from ...engine.inference import Precision
    from ...engine.memory import largest_tile
    from ...engine.tiles import TILE_SIDES
    from ...machine import memory

    available = min(TILE_BYTES, memory().total // 3)
    return largest_tile(available, working_bytes_per_pixel(flow.size, Precision()), TILE_SIDES)
