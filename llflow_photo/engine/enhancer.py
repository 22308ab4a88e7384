"""The engine's face: encode a photo once, decode it with any number of latents."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ..errors import CancelledError, ImageInputError, NonFiniteOutputError
from ..flow import Conditioning, LLFlow
from .latent import AnyLatent

__all__ = ["Enhancer", "Scene"]

Progress = Callable[[int, int], None]
Cancel = Callable[[], bool]


class Enhancer:
    """Renders photos with one model on one device.

    Args:
        flow: the network.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        tile: ``auto`` or the side of a tile in pixels.
        threads: of the CPU; by default what torch is set to.
        memory_budget: bytes a scene may keep so that further samples are cheap.
        backend: ``auto`` or the name of an inference backend.
    """

    def __init__(
        self,
        flow: LLFlow,
        *,
        device: str = "auto",
        tile: int | str = "auto",
        threads: int | None = None,
        memory_budget: int | None = None,
        backend: str = "auto",
    ) -> None:
        self.flow = flow.eval()
        self.device = torch.device("cpu" if device == "auto" else device)

    def encode(
        self, view: np.ndarray, *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Scene:
        """Everything that depends on the photo alone.

        Args:
            view: H x W x 3, float32, sRGB-encoded, in [0, 1]; any size from 1 x 1.
            progress: called with tiles done and tiles in all.
            cancel: asked between tiles; true raises `CancelledError`.
        """
        if view.ndim != 3 or view.shape[2] != 3 or not view.size:
            raise ImageInputError(f"the photo is an array of {view.shape}; give height x width x 3")
        if cancel and cancel():
            raise CancelledError("cancelled while encoding")
        image = torch.from_numpy(np.ascontiguousarray(view, np.float32)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            conditioning = self.flow.encode(image.to(self.device))
        if progress:
            progress(1, 1)
        return Scene(self, conditioning)


class Scene:
    """An encoded photo."""

    def __init__(self, enhancer: Enhancer, conditioning: Conditioning) -> None:
        self._enhancer = enhancer
        self._conditioning = conditioning

    def decode(
        self, latent: AnyLatent, *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> np.ndarray:
        """Render one latent: H x W x 3, float32, sRGB-encoded, in [0, 1]."""
        if cancel and cancel():
            raise CancelledError("cancelled while decoding")
        given = self._conditioning
        z = given.mean
        height8, width8 = z.shape[2:]
        offset = latent.offset_block(slice(0, height8), slice(0, width8), height8, width8)
        if offset is not None:
            z = z + torch.from_numpy(offset).to(z)
        if latent.brightness:
            z = z + latent.brightness
        with torch.inference_mode():
            image = self._enhancer.flow.decode(given, z)[0].permute(1, 2, 0).cpu().numpy()
        if not np.isfinite(image).all():
            raise NonFiniteOutputError("the network gave values that are not finite; try a lower temperature")
        if progress:
            progress(1, 1)
        return np.clip(image, 0.0, 1.0)
