"""Load models and the engine that runs them, once per process."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from .options import Options

if TYPE_CHECKING:
    from .engine import Enhancer
    from .models import LoadedModel

__all__ = ["load_enhancer", "load_model"]

_LOADING = threading.Lock()
"""Held while the caches are used, which would call their functions again for threads that come meanwhile."""


def load_model(name_or_path: str | os.PathLike[str]) -> LoadedModel:
    """Load a model by name or by the path of a ``.safetensors`` file, and verify its checksum.

    Returns:
        the network (``.flow``, an `LLFlow` in evaluation mode) and its card (``.card``).

    Raises:
        ModelNotFoundError: the model does not exist; the message lists the available models.
        CheckpointError: the file is damaged or not a model.
    """
    from . import models

    return models.load(name_or_path)


def load_enhancer(
    model: str | os.PathLike[str] | LoadedModel | None = None,
    *,
    device: str = "auto",
    tile: int | str = "auto",
) -> Enhancer:
    """The engine for a model on a device; cached for the same arguments, also between threads."""
    with _LOADING:
        if model is None or isinstance(model, (str, os.PathLike)):
            model = _model_of(os.fspath(model or Options().model))
        return _enhancer_of(model, device, tile)


def _model_of(name: str) -> LoadedModel:
    from . import models

    path = models.find(name).path
    return _loaded(str(path.resolve()), path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _loaded(path: str, changed_ns: int) -> LoadedModel:
    """``changed_ns`` is part of the cache key, so that a modified file is loaded again."""
    return load_model(path)


@lru_cache(maxsize=4)
def _enhancer_of(model: LoadedModel, device: str, tile: int | str) -> Enhancer:
    from .engine import Enhancer

    return Enhancer(model.flow, device=device, tile=tile)
