"""Optional decoders and encoders: Pillow plugins and imagecodecs."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["PLUGINS", "advice", "deep_codecs", "load_plugin"]

# Packages to install for formats that Pillow alone does not read.
PLUGINS = {"heif": ("pillow_heif", "pillow-heif"), "jxl": ("pillow_jxl", "pillow-jxl-plugin")}


def load_plugin(kind: str) -> bool:
    """Register the Pillow plugin for a format if it is installed; return whether the format may now work."""
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
    """Installation hint for a format that cannot be read or written."""
    return f"pip install {PLUGINS[kind][1]}" if kind in PLUGINS else "install a Pillow built with it"


def deep_codecs() -> ModuleType | None:
    """The imagecodecs module, which decodes AVIF and JPEG XL with full bit depth; None if not installed."""
    try:
        return importlib.import_module("imagecodecs")
    except ImportError:
        return None
