"""The available models and devices, found without loading torch."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from llflow_photo.options import DEFAULT_MODEL, Options

__all__ = ["devices", "models"]


def models() -> list[str]:
    """Names of the available models, the default first."""
    from llflow_photo import models as registry

    names = [card.name for card in registry.available()]
    return sorted(names, key=lambda name: name != DEFAULT_MODEL) or [DEFAULT_MODEL]


def devices() -> list[str]:
    """Devices to choose from. Only torch knows whether one works; it is asked at first use."""
    found = [Options().device, "cpu"]
    if Path("/proc/driver/nvidia").exists() or sys.platform == "win32" or find_spec("nvidia") is not None:
        found.append("cuda")
    if sys.platform == "darwin":
        found.append("mps")
    return found
