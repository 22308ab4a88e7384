"""Rendering photos of any size: tiles, latents, the network's inference form, device and memory.

Latents do not need torch; the modules that need it are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .latent import AnyLatent, Blend, Latent, around, interpolate, with_brightness

if TYPE_CHECKING:
    from .encoded_photo import EncodedPhoto
    from .enhancer import Enhancer

__all__ = [
    "AnyLatent",
    "Blend",
    "EncodedPhoto",
    "Enhancer",
    "Latent",
    "around",
    "interpolate",
    "with_brightness",
]

_LATE = {"Enhancer": "enhancer", "EncodedPhoto": "encoded_photo"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATE[name]}", __name__), name)
