"""Folders in which systems and photo programs store thumbnails, previews and deleted files."""

from __future__ import annotations

__all__ = ["is_cache"]

_NAMES = frozenset((
    # network storage: Synology, QNAP, Nextcloud; file systems
    "@eadir", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@__thumb", "files_trashbin",
    "lost+found",
    # Windows
    "$recycle.bin", "recycler", "system volume information",
    # macOS
    "__macosx", "network trash folder",
    # Capture One beside the photos, iPhoto
    "captureone", "ipod photo cache",
    # Sony's cameras: stills of videos
    "thmbnl",
))  # fmt: skip
"""In lower case. Hidden folders, such as ``.thumbnails`` and ``.Trash-1000``, are not listed."""

_ENDINGS = (
    # Lightroom: previews, smart previews, catalog data; Capture One: catalogs
    ".lrdata", ".lrcat-data", ".lrlibrary", ".cocatalog",
    # Apple Photos, iPhoto, Aperture: libraries with previews beside the originals
    ".photoslibrary", ".photolibrary", ".aplibrary", ".migratedphotolibrary",
)  # fmt: skip


def is_cache(name: str) -> bool:
    """Whether a folder of this name holds previews or deleted files; case-insensitive."""
    plain = name.casefold()
    return plain in _NAMES or plain.endswith(_ENDINGS)
