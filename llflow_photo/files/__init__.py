"""Reading and writing photos: `read` turns a file into a `Photo`, `write` writes one. No torch needed."""

from __future__ import annotations

from ..paths import expanded
from .dimensions import check_dimensions
from .encoding import Encoding
from .metadata.capture import Capture, capture_of
from .metadata.rendering_settings import read_settings, with_settings
from .provenance import check_replaceable, content_of, made_from
from .raw.options import RawOptions
from .reading import read
from .sniff import RASTER_SUFFIXES, RAW_SUFFIXES, is_photo, is_raw
from .source import as_regular_file
from .writing import check_folder, check_format, write

__all__ = [
    "RASTER_SUFFIXES",
    "RAW_SUFFIXES",
    "Capture",
    "Encoding",
    "RawOptions",
    "as_regular_file",
    "capture_of",
    "check_dimensions",
    "check_folder",
    "check_format",
    "check_replaceable",
    "content_of",
    "expanded",
    "is_photo",
    "is_raw",
    "made_from",
    "read",
    "read_settings",
    "with_settings",
    "write",
]
