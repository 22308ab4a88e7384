"""A GPU against its own matrix peak; does nothing where there is none."""

from __future__ import annotations

import time
from typing import Any

import torch

from llflow_photo import models
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.engine.costs import flops_per_pixel
from llflow_photo.options import DEFAULT_MODEL

from .measure import Settings, night_photo

__all__ = ["measure"]


def measure(settings: Settings) -> list[dict[str, Any]]:
    """A row per backend: megapixels per second of a 24-megapixel photo, and the share of the matrix peak."""
    if not torch.cuda.is_available():
        return []
    flow = models.load(DEFAULT_MODEL).flow
    photo = night_photo(4000, 6000)
    rows = []
    for backend in ("float32", "half"):
        enhancer = Enhancer(flow, device="cuda", backend=backend)
        seconds = float("inf")
        for _ in range(1 + settings.repeats):
            start = time.perf_counter()
            enhancer.encode(photo, keep=False).decode(Latent(0, 0.8))
            seconds = min(seconds, time.perf_counter() - start)
        peak = _matrix_peak(torch.float16 if backend == "half" else torch.float32)
        reached = sum(flops_per_pixel(flow.size)) * 24e6 / seconds
        rows.append(
            {
                "device": torch.cuda.get_device_name(),
                "backend": backend,
                "megapixels_per_s": 24 / seconds,
                "tflop_per_s": reached / 1e12,
                "share_of_matrix_peak": reached / peak,
            }
        )
    return rows


def _matrix_peak(dtype: torch.dtype, side: int = 8192) -> float:
    """Floating-point operations per second of a large matrix product."""
    a = torch.randn(side, side, device="cuda", dtype=dtype)
    best = float("inf")
    for _ in range(10):
        torch.cuda.synchronize()
        start = time.perf_counter()
        a @ a
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best
