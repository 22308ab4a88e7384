"""Rendering settings in the metadata of a result, to make it reproducible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...photo import Metadata
from .exif import with_software
from .xmp_settings import settings_of, with_settings_packet

__all__ = ["read_settings", "with_settings"]


def with_settings(metadata: Metadata, settings: Mapping[str, str | float | int]) -> Metadata:
    """The metadata with rendering settings in XMP, and this program as EXIF Software and XMP CreatorTool.

    Args:
        settings: e.g. ``{"model": "lol-compact", "temperature": 0.8, "seed": 3, "strength": 1.0,
            "version": "0.1.0"}``; a ``version`` is added to the name of the program.

    Raises:
        OptionError: the name of a setting is not an XML name.
    """
    tool = f"llflow-photo {settings['version']}" if "version" in settings else "llflow-photo"
    return replace(
        metadata,
        exif=with_software(metadata.exif, tool),
        xmp=with_settings_packet(metadata.xmp, settings, tool),
    )


def read_settings(metadata: Metadata) -> dict[str, str]:
    """The settings written by `with_settings`, as strings by name; empty if there are none."""
    return settings_of(metadata.xmp)
