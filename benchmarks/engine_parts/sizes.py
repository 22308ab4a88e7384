"""Cost and memory against the size of the photo, each size in a process of its own."""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from typing import Any

from .measure import Settings, in_own_process, night_photo

__all__ = ["measure"]

_MEGAPIXELS = (1, 4, 12, 24, 50, 100)


def measure(settings: Settings) -> list[dict[str, Any]]:
    """A row per size."""
    return [
        in_own_process("engine_parts.sizes", megapixels, settings.threads, threads=settings.threads)
        for megapixels in _MEGAPIXELS
        if megapixels <= settings.largest
    ]


def _one(megapixels: float, threads: int) -> dict[str, Any]:
    """Render one photo of 3:2 with the default model, once, as a program does that keeps photo and result."""
    from llflow_photo import models
    from llflow_photo.engine import Enhancer, Latent
    from llflow_photo.options import DEFAULT_MODEL

    height = round(math.sqrt(megapixels * 1e6 / 1.5))
    photo = night_photo(height, round(1.5 * height))
    enhancer = Enhancer(models.load(DEFAULT_MODEL).flow, device="cpu", threads=threads)
    enhancer.encode(photo[:64, :64], keep=False).decode(Latent())
    before = _peak_bytes()
    wall, processor = time.perf_counter(), time.process_time()
    encoded = enhancer.encode(photo, keep=False)
    rendering = encoded.decode(Latent(0, 0.8))
    return {
        "megapixels": photo.shape[0] * photo.shape[1] / 1e6,
        "tile": encoded.tile,
        "tiles": encoded.tiles,
        "precision": enhancer.precision,
        "wall_s": time.perf_counter() - wall,
        "processor_s": time.process_time() - processor,
        "peak_gib": _peak_bytes() / 2**30,
        "before_gib": before / 2**30,
        "mean": float(rendering.mean()),
    }


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_one(float(sys.argv[1]), int(sys.argv[2]))))
