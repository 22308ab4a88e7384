"""Enhancement of night photographs.

>>> import llflow_photo
>>> bright = llflow_photo.enhance("night.NEF")  # doctest: +SKIP

The path of a photo: `files.read` reads it as a `Photo`, `color.working` converts it for the network,
`engine.Enhancer` prepares it for any number of renderings, and `files.write` writes these.
Names are imported on first use, so that importing the package is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .api import FileResult, enhance, enhance_file, series_reference
    from .batch import enhance_dir
    from .errors import LLFlowPhotoError
    from .loading import load_enhancer, load_model
    from .options import Options
    from .photo import Metadata, Photo

_ROOMS = {
    "FileResult": "api",
    "LLFlowPhotoError": "errors",
    "Metadata": "photo",
    "Options": "options",
    "Photo": "photo",
    "enhance": "api",
    "enhance_dir": "batch",
    "enhance_file": "api",
    "load_enhancer": "loading",
    "load_model": "loading",
    "series_reference": "api",
}

__all__ = [
    "FileResult",
    "LLFlowPhotoError",
    "Metadata",
    "Options",
    "Photo",
    "__version__",
    "enhance",
    "enhance_dir",
    "enhance_file",
    "load_enhancer",
    "load_model",
    "series_reference",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_ROOMS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
