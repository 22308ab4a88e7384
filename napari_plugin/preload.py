"""Loading the model and running it once in advance, while the user is still choosing a photo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from llflow_photo.engine.latent import Latent
from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.options import Options

from .render_cache import RenderCache
from .work import Job, Work

__all__ = ["preload_model"]


def preload_model(work: Work, cache: RenderCache, options: Options, loaded: Callable[[], None]) -> None:
    """Load a model in a thread; errors are reported later, when the model is used.

    A few pixels are rendered brighter, because a model's gain path is computed at its first use.

    Args:
        loaded: called at the end, in the GUI thread.
    """

    def load(job: Job) -> None:
        try:
            enhancer = cache.enhancer(options)
            if not job.cancelled():
                enhancer.encode(np.full((16, 16, 3), 0.05, np.float32)).decode(Latent(brightness=0.25))
        except (LLFlowPhotoError, ImportError, MemoryError):
            return

    work.start("Load the model", load, lambda _none: loaded())
