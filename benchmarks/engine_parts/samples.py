"""What further renderings of an encoded photo cost."""

from __future__ import annotations

from typing import Any

import torch

from llflow_photo import models
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.flow import SMALL, LLFlow
from llflow_photo.options import DEFAULT_MODEL, Options
from llflow_photo.photo import Photo
from llflow_photo.prepared import prepare

from .measure import Settings, fastest, night_photo

__all__ = ["measure"]


def measure(settings: Settings) -> list[dict[str, Any]]:
    """A row per network, photo and grain: the first rendering, another one, and eight in all.

    With the finish (columns "finished"), the first one includes the photo's analysis.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(0)
    shipped, random = models.load(DEFAULT_MODEL).flow, LLFlow(SMALL)
    cases = [(DEFAULT_MODEL, shipped, size, 0.0) for size in ((400, 600), (1000, 1500), (3000, 4000))]
    cases += [(DEFAULT_MODEL, shipped, size, 1.0) for size in ((400, 600), (1000, 1500))]
    cases += [("small, random weights", random, size, 1.0) for size in ((400, 600), (1000, 1500))]
    return [_row(name, flow, size, grain, settings) for name, flow, size, grain in cases]


def _row(name: str, flow: LLFlow, size: tuple[int, int], grain: float, settings: Settings) -> dict[str, Any]:
    enhancer = Enhancer(flow, device="cpu", threads=settings.threads)
    photo = night_photo(*size)
    encoded = enhancer.encode(photo)
    latent = Latent(1, 0.8, grain)
    encoded.decode(latent)  # keeps what further ones need
    options, source = Options(), Photo(photo)
    prepared = prepare(source, enhancer, options, renderings=2)
    prepared.render(latent, options)
    times = fastest(
        [
            lambda: enhancer.encode(photo).decode(latent),
            lambda: encoded.decode(latent),
            lambda: prepare(source, enhancer, options, renderings=2).render(latent, options),
            lambda: prepared.render(latent, options),
        ],
        settings.repeats,
    )
    first, another, first_finished, another_finished = times
    return {
        "network": name,
        "photo": f"{size[1]} x {size[0]}",
        "grain": grain,
        "precision": enhancer.precision,
        "first_s": first.processor,
        "another_s": another.processor,
        "another_over_first": another.processor / first.processor,
        "another_over_first_finished": another_finished.processor / first_finished.processor,
        "another_over_first_wall": another.wall / first.wall,
        "eight_over_one": (first.processor + 7 * another.processor) / first.processor,
        "eight_over_one_wall": (first.wall + 7 * another.wall) / first.wall,
    }
