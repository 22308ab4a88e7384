"""Decoders and encoders beyond Pillow's own, where they are installed."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["PLUGINS", "advice", "deep_codecs", "load_plugin"]

# What to install for kinds that Pillow alone does not read.
PLUGINS = {"heif": ("pillow_heif", "pillow-heif"), "jxl": ("pillow_jxl", "pillow-jxl-plugin")}


def load_plugin(kind: str) -> bool:
    """Register the Pillow plugin for a kind, where it is installed; whether the kind may now work."""
    if kind not in PLUGINS:
        return True
    try:
        module = importlib.import_module(PLUGINS[kind][0])
    except ImportError:
        return False
    register = getattr(module, "register_heif_opener", None)
    if register is not None:
        register()
    return True


def advice(kind: str) -> str:
    """What to do about a kind that cannot be read or written."""
    return f"pip install {PLUGINS[kind][1]}" if kind in PLUGINS else "install a Pillow built with it"


def deep_codecs() -> ModuleType | None:
    """imagecodecs, which decodes AVIF and JPEG XL with all their bits; None where it is not installed."""
    try:
        return importlib.import_module("imagecodecs")
    except ImportError:
        return None
