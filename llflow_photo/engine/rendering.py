"""From a view's tiles and latents to rendered tiles, the device always one step ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from ..callbacks import Cancel
from ..errors import CancelledError
from .inference import TileConditioning
from .latent import AnyLatent
from .runner import Pending, Runner
from .tiles import Tile
from .view import View

__all__ = ["check", "condition", "rendered"]

_Job = tuple[int, Sequence[Tile], Pending]


def rendered(
    runner: Runner,
    view: View,
    photo: Any,
    tiles: Sequence[Tile],
    kept: Sequence[TileConditioning],
    latents: Sequence[AnyLatent],
    cancel: Cancel | None,
) -> Iterator[tuple[int, Tile, Tensor]]:
    """Every tile under every latent.

    While one batch is computed on a device, the next is prepared and the one before is taken over.

    Args:
        photo: what the network needs of the whole photo, as of `Runner.photo`.
        kept: what decoding needs of each tile, or nothing.

    Yields:
        index of the latent; the tile; its rendering, 3 x rows x cols, float32, on the CPU.
    """
    if kept or len(latents) > 1:
        jobs = _conditioned_jobs(runner, view, photo, tiles, kept, latents, cancel)
    else:
        jobs = _whole_jobs(runner, view, photo, tiles, latents[0], cancel)
    before: _Job | None = None
    for job in jobs:
        if before is not None:
            yield from _results(before)
        before = job
    if before is not None:
        yield from _results(before)


def check(cancel: Cancel | None) -> None:
    """Raise `CancelledError` where ``cancel`` says so."""
    if cancel and cancel():
        raise CancelledError("cancelled; nothing was kept of this run")


def _whole_jobs(
    runner: Runner, view: View, photo: Any, tiles: Sequence[Tile], latent: AnyLatent, cancel: Cancel | None
) -> Iterator[_Job]:
    """Tiles of one latent, batched, nothing kept of them."""
    rest = iter(tiles)
    while batch := list(islice(rest, runner.batch)):
        check(cancel)
        images = torch.stack([view.image(tile) for tile in batch])
        offsets, far = zip(*(_offset(runner, view, latent, tile) for tile in batch), strict=True)
        given = [offset for offset in offsets if offset is not None]
        together = torch.cat(given) if given else None
        windows = torch.stack([view.window(tile) for tile in batch])
        yield 0, batch, runner.forward(images, photo, windows, together, any(far))


def _conditioned_jobs(
    runner: Runner,
    view: View,
    photo: Any,
    tiles: Sequence[Tile],
    kept: Sequence[TileConditioning],
    latents: Sequence[AnyLatent],
    cancel: Cancel | None,
) -> Iterator[_Job]:
    """Each tile under each latent, its condition kept or computed once."""
    for number, tile in enumerate(tiles):
        check(cancel)
        given = kept[number] if kept else condition(runner, view, photo, tile)
        for index, latent in enumerate(latents):
            yield index, [tile], runner.render(given, *_offset(runner, view, latent, tile))


def condition(runner: Runner, view: View, photo: Any, tile: Tile) -> TileConditioning:
    """What decoding needs of one tile."""
    return runner.condition(view.image(tile)[None], photo, view.window(tile)[None])


def _results(job: _Job) -> Iterator[tuple[int, Tile, Tensor]]:
    index, tiles, pending = job
    for tile, values in zip(tiles, pending.result(), strict=True):
        yield index, tile, values


def _offset(runner: Runner, view: View, latent: AnyLatent, tile: Tile) -> tuple[Tensor | None, bool]:
    """A latent's offset from the mean, 1 x 192 x h x w, and whether it holds more than noise."""
    offset, far = runner.offsets.block(latent, *view.positions(tile))
    return None if offset is None else torch.from_numpy(offset)[None], far
