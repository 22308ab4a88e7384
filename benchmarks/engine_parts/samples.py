"""What further renderings of an encoded photo cost."""

from __future__ import annotations

from typing import Any

import torch

from llflow_photo import models
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.flow import SMALL, LLFlow
from llflow_photo.options import DEFAULT_MODEL

from .measure import Settings, fastest, night_photo

__all__ = ["measure"]


def measure(settings: Settings) -> list[dict[str, Any]]:
    """A row per network and photo: the first rendering, another one, and eight in all."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(0)
    flows = {DEFAULT_MODEL: models.load(DEFAULT_MODEL).flow, "small, random weights": LLFlow(SMALL)}
    rows = []
    for name, flow in flows.items():
        enhancer = Enhancer(flow, device="cpu", threads=settings.threads)
        for height, width in ((400, 600), (1000, 1500)):
            photo = night_photo(height, width)
            encoded = enhancer.encode(photo, keep=True)
            latent = Latent(1, 0.8)

            def first() -> None:
                enhancer.encode(photo, keep=True).decode(latent)  # noqa: B023

            def another() -> None:
                encoded.decode(latent)  # noqa: B023

            times = fastest([first, another], settings.repeats)
            rows.append(
                {
                    "network": name,
                    "photo": f"{width} x {height}",
                    "precision": enhancer.precision,
                    "first_s": times[0].processor,
                    "another_s": times[1].processor,
                    "another_over_first": times[1].processor / times[0].processor,
                    "another_over_first_wall": times[1].wall / times[0].wall,
                    "eight_over_one": (times[0].processor + 7 * times[1].processor) / times[0].processor,
                    "eight_over_one_wall": (times[0].wall + 7 * times[1].wall) / times[0].wall,
                }
            )
    return rows
