"""The network: a conditional normalizing flow for low-light photos.

Sizes and the prior's basis do not need torch; the modules that need it are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .sizes import COMPACT, LARGE, SIZES, SMALL, DenseSize, Size, UNetSize

if TYPE_CHECKING:
    from .llflow import Conditioning, LLFlow
    from .statistics import PhotoStatistics

__all__ = [
    "COMPACT",
    "LARGE",
    "SIZES",
    "SMALL",
    "Conditioning",
    "DenseSize",
    "LLFlow",
    "PhotoStatistics",
    "Size",
    "UNetSize",
]

_LATE = {"Conditioning": "llflow", "LLFlow": "llflow", "PhotoStatistics": "statistics"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATE[name]}", __name__), name)
