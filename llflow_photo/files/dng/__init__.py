"""DNG: developed as the specification says, and written, as a mosaic or linear."""

from __future__ import annotations

from .write import write_cfa_dng

__all__ = ["write_cfa_dng"]
