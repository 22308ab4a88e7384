"""Models: a registry of cards, loading with checksums, import and export.

Listing models does not need torch; the modules that need it are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .card import Card
from .registry import Unusable, available, find, listing, shipped, user_folder

if TYPE_CHECKING:
    from .adding import add
    from .export import export_run
    from .importing import import_checkpoint
    from .store import LoadedModel, load, save

__all__ = [
    "Card",
    "LoadedModel",
    "Unusable",
    "add",
    "available",
    "export_run",
    "find",
    "import_checkpoint",
    "listing",
    "load",
    "save",
    "shipped",
    "user_folder",
]

_LATE = {
    "LoadedModel": "store",
    "add": "adding",
    "export_run": "export",
    "import_checkpoint": "importing",
    "load": "store",
    "save": "store",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATE[name]}", __name__), name)
