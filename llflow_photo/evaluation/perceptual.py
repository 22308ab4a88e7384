"""Perceptual metrics of optional packages: SSIMULACRA2 and LPIPS."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["load_lpips", "load_ssimulacra2"]

Metric = Callable[[np.ndarray, np.ndarray], float]


def load_ssimulacra2() -> tuple[Metric | None, str]:
    """SSIMULACRA2 (100 for identical images, higher is better; on 8-bit values), or why it is missing."""
    try:
        compute = import_module("ssimulacra2").compute_ssimulacra2
    except ImportError:
        return None, "SSIMULACRA2 is omitted: pip install ssimulacra2"
    return partial(_ssimulacra2, compute), ""


def _ssimulacra2(compute: Callable[[Any, Any], float], image: np.ndarray, reference: np.ndarray) -> float:
    # The package reads files, also from memory.
    return float(compute(_as_png(reference), _as_png(image)))


def _as_png(image: np.ndarray) -> io.BytesIO:
    pixels = np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    file.seek(0)
    return file


def load_lpips() -> tuple[Metric | None, str]:
    """LPIPS with AlexNet (0 for identical images, lower is better), or why it is missing."""
    try:
        lpips = import_module("lpips")
    except ImportError:
        return None, "LPIPS is omitted: pip install lpips"
    try:
        network = lpips.LPIPS(net="alex", verbose=False).eval()
    except Exception as error:  # the other metrics do not depend on it
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return None, f"LPIPS is omitted: its backbone cannot be loaded ({reason})"
    return partial(_lpips, network), ""


def _lpips(network: Callable[..., Any], image: np.ndarray, reference: np.ndarray) -> float:
    import torch

    first, second = (
        torch.from_numpy(np.ascontiguousarray(x, np.float32)).permute(2, 0, 1)[None]
        for x in (image, reference)
    )
    with torch.inference_mode():
        return float(network(first, second, normalize=True))
