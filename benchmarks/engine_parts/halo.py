"""How far a tile must look beyond what it writes: error against distance from the read border."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

from llflow_photo import models
from llflow_photo.engine import Latent
from llflow_photo.engine.costs import default_halo
from llflow_photo.engine.gain_path import measure_gain_path
from llflow_photo.engine.inference import FoldedFlow
from llflow_photo.engine.latent_window import LatentWindow
from llflow_photo.engine.offsets import LatentOffsets
from llflow_photo.flow import LLFlow, PhotoStatistics
from llflow_photo.options import DEFAULT_MODEL

from .measure import Settings, night_photo

__all__ = ["measure"]

MODELS = (DEFAULT_MODEL, "lol-compact")
_BORDER, _SIDE = 160, 384
_DISTANCES = range(0, 136, 8)


def measure(settings: Settings) -> list[dict[str, Any]]:
    """A row per shipped model, photo, temperature and distance: largest difference to the whole rendering."""
    torch.set_num_threads(settings.threads)
    return [row for model in MODELS for row in _measured(model)]


@torch.inference_mode()
def _measured(model: str) -> list[dict[str, Any]]:
    flow = models.load(model).flow
    folded = FoldedFlow(flow, torch.device("cpu"))
    halo = default_halo(flow.size)
    rows = []
    for name, photo in _photos().items():
        known = folded.photo(PhotoStatistics.of(photo, flow.size))
        image = torch.from_numpy(photo).permute(2, 0, 1)[None]
        side = photo.shape[0]
        inside = slice(_BORDER, _BORDER + _SIDE)
        start, share = _BORDER / side, _SIDE / side
        window = torch.tensor([[start, start, share, share]])
        for temperature in (0.0, 0.8):
            offset = _offset(flow, temperature, side // 8)
            whole = folded(image, known, torch.tensor([[0.0, 0.0, 1.0, 1.0]]), offset)
            whole = whole.clamp(0, 1)[:, :, inside, inside]
            latent = slice(_BORDER // 8, (_BORDER + _SIDE) // 8)
            own = None if offset is None else offset[:, :, latent, latent]
            part = folded(image[:, :, inside, inside], known, window, own).clamp(0, 1)
            difference = (whole - part).abs().amax((0, 1)).numpy() * 255
            case = {"model": model, "halo": halo, "photo": name, "temperature": temperature}
            rows += [{**case, "distance": at, "levels": _beyond(difference, at)} for at in _DISTANCES]
    return rows


def _offset(flow: LLFlow, temperature: float, side8: int) -> torch.Tensor | None:
    """With all its grain, 1 x 192 x side x side; None at temperature 0."""
    offsets = LatentOffsets(flow.prior, lambda: measure_gain_path(flow))
    block, _ = offsets.block(Latent(0, temperature, grain=1.0), LatentWindow.whole(side8, side8))
    return None if block is None else torch.from_numpy(block)[None]


def _beyond(difference: np.ndarray, distance: int) -> float:
    """Largest difference, of 255, at pixels at least ``distance`` from the border."""
    kept = slice(distance, _SIDE - distance)
    return float(difference[kept, kept].max())


def _photos() -> dict[str, np.ndarray]:
    """Square photos: made nights, flat noise, and public-domain pictures darkened."""
    import skimage.data

    side = _SIDE + 2 * _BORDER
    rng = np.random.default_rng(0)
    sky = np.clip(0.03 + 0.004 * rng.standard_normal((side, side, 3)), 0, 1).astype(np.float32)
    photos = {"lamps and edges": night_photo(side, side), "flat sky": sky}
    for name in ("astronaut", "coffee"):
        picture = Image.fromarray(getattr(skimage.data, name)()).resize(
            (side, side), Image.Resampling.LANCZOS
        )
        bright = np.asarray(picture, np.float32) / 255
        dark = (bright**2.2 / 30) ** (1 / 2.2) + 0.01 * rng.standard_normal(bright.shape)
        photos[f"{name}, five stops under"] = np.clip(dark, 0, 1).astype(np.float32)
    return photos
