"""Small networks and photos for the engine's tests."""

from __future__ import annotations

import numpy as np
import torch

from llflow_photo.flow import DenseSize, LLFlow, Size

TINY = Size(DenseSize(8, 4, 2, (0,)), steps=2, hidden=8)


def random_flow(size: Size = TINY, seed: int = 0) -> LLFlow:
    """A network with every parameter different from its initial value, the zero-initialized ones too."""
    torch.manual_seed(seed)
    flow = LLFlow(size)
    with torch.no_grad():
        for name, parameter in flow.named_parameters():
            if not name.endswith("mix.weight"):
                parameter.add_(0.03 * torch.randn_like(parameter))
    return flow.eval()


def dark_photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """H x W x 3, float32, in [0, 1]: smooth light, edges, a lamp, noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 0.05 + 0.1 * np.sin(x / 31) ** 2 + 0.05 * (((x // 24) + (y // 40)) % 2)
    lamp = 0.8 * np.exp(-((x - width / 3) ** 2 + (y - height / 2) ** 2) / 60)
    photo = (light + lamp)[..., None] * np.array([1.0, 0.8, 0.6], np.float32)
    return np.clip(photo + rng.normal(0, 0.01, photo.shape), 0, 1).astype(np.float32)
