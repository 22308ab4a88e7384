"""The model, loaded and used once before it is needed: while the user looks for a photo."""

from __future__ import annotations

import numpy as np

from llflow_photo.engine.latent import Latent
from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.options import Options

from .studio import Studio
from .work import Job, Work

__all__ = ["load_soon"]


def load_soon(work: Work, studio: Studio, options: Options) -> None:
    """Load a model in a thread; what goes wrong is told when the model is used.

    Brightness is used once, on a few pixels: what it needs is computed for each model at its first use.
    """

    def load(job: Job) -> None:
        try:
            enhancer = studio.enhancer(options)
            if not job.cancelled():
                enhancer.encode(np.full((16, 16, 3), 0.05, np.float32)).decode(Latent(brightness=0.25))
        except (LLFlowPhotoError, ImportError, MemoryError):
            return

    work.start("Load the model", load, lambda _none: None)
