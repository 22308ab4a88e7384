"""Rendering the tiles of a view, with the next batch prepared while the device computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from ..callbacks import Cancel, raise_if_cancelled
from .inference import TileConditioning
from .latent import AnyLatent
from .runner import Pending, Runner
from .tiles import Tile
from .view import View

__all__ = ["condition", "offset_of", "rendered"]

_Job = tuple[int, Sequence[Tile], Pending]


def rendered(
    runner: Runner,
    view: View,
    photo: Any,
    tiles: Sequence[Tile],
    kept: dict[int, TileConditioning] | None,
    latents: Sequence[AnyLatent],
    cancel: Cancel | None,
) -> Iterator[tuple[int, Tile, Tensor]]:
    """Render every tile with every latent.

    While the device computes one batch, the next one is prepared and the previous one is copied back.

    Args:
        photo: output of `Runner.photo` for the whole photo.
        kept: conditionings by the tile's number, to which those that are missing are added; None keeps none.

    Yields:
        index of the latent, the tile, and its rendering, 3 x rows x cols, float32, on the CPU.
    """
    if kept is not None or len(latents) > 1:
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


def _whole_jobs(
    runner: Runner, view: View, photo: Any, tiles: Sequence[Tile], latent: AnyLatent, cancel: Cancel | None
) -> Iterator[_Job]:
    """Render the tiles of one latent in batches, without keeping their conditioning."""
    rest = iter(tiles)
    while batch := list(islice(rest, runner.batch)):
        raise_if_cancelled(cancel)
        images = torch.stack([view.image(tile) for tile in batch])
        offsets, far = zip(*(offset_of(runner, view, latent, tile) for tile in batch), strict=True)
        not_zero = [offset for offset in offsets if offset is not None]
        batched = torch.cat(not_zero) if not_zero else None
        windows = torch.stack([view.window(tile) for tile in batch])
        yield 0, batch, runner.forward(images, photo, windows, batched, any(far))


def _conditioned_jobs(
    runner: Runner,
    view: View,
    photo: Any,
    tiles: Sequence[Tile],
    kept: dict[int, TileConditioning] | None,
    latents: Sequence[AnyLatent],
    cancel: Cancel | None,
) -> Iterator[_Job]:
    """Render each tile with each latent, computing its conditioning once."""
    for number, tile in enumerate(tiles):
        raise_if_cancelled(cancel)
        conditioning = None if kept is None else kept.get(number)
        if conditioning is None:
            conditioning = condition(runner, view, photo, tile)
            if kept is not None:
                kept[number] = conditioning
        for index, latent in enumerate(latents):
            yield index, [tile], runner.render(conditioning, *offset_of(runner, view, latent, tile))


def condition(runner: Runner, view: View, photo: Any, tile: Tile) -> TileConditioning:
    """Compute the conditioning of one tile."""
    return runner.condition(view.image(tile)[None], photo, view.window(tile)[None])


def _results(job: _Job) -> Iterator[tuple[int, Tile, Tensor]]:
    index, tiles, pending = job
    for tile, values in zip(tiles, pending.result(), strict=True):
        yield index, tile, values


def offset_of(runner: Runner, view: View, latent: AnyLatent, tile: Tile) -> tuple[Tensor | None, bool]:
    """A latent's offset from the mean, 1 x 192 x h x w, and whether it consists of more than noise."""
    offset, far = runner.offsets.block(latent, view.latent_window(tile))
    return None if offset is None else torch.from_numpy(offset)[None], far
