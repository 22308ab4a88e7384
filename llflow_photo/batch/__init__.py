"""Batches: enhance a folder of photos unattended. Does not import torch.

Names are imported on first use, because worker processes need only some of the modules.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .folder import enhance_dir
    from .recording.progress import Event
    from .recording.record import PhotoRecord, PhotoStats
    from .recording.report import BatchInterrupted, Report
    from .recording.state import PhotoState, folder_state

_FILES = {
    "BatchInterrupted": "recording.report",
    "Event": "recording.progress",
    "PhotoStats": "recording.record",
    "PhotoState": "recording.state",
    "Report": "recording.report",
    "PhotoRecord": "recording.record",
    "enhance_dir": "folder",
    "folder_state": "recording.state",
}

__all__ = [
    "BatchInterrupted",
    "Event",
    "PhotoRecord",
    "PhotoState",
    "PhotoStats",
    "Report",
    "enhance_dir",
    "folder_state",
]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_FILES[name]}", __name__), name)
