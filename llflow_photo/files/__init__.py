"""Reading and writing photos: `read` a file into a `Photo`, `write` it out. Knows no torch."""

from __future__ import annotations

from .encoding import Encoding
from .raw_options import RawOptions
from .reading import read
from .settings import read_settings, with_settings
from .sniff import RASTER_SUFFIXES, RAW_SUFFIXES, is_photo, is_raw
from .writing import check_folder, check_format, write

__all__ = [
    "RASTER_SUFFIXES",
    "RAW_SUFFIXES",
    "Encoding",
    "RawOptions",
    "check_folder",
    "check_format",
    "is_photo",
    "is_raw",
    "read",
    "read_settings",
    "with_settings",
    "write",
]
