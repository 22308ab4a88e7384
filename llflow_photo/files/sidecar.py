"""XMP files beside a photo, where RAW editors and photo managers keep what they know of it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["find_sidecar"]

_MAX_PACKET = 16 << 20


def find_sidecar(path: Path) -> tuple[Path, bytes] | tuple[None, str]:
    """The sidecar of a photo (``photo.nef.xmp`` or ``photo.xmp``) and its content.

    Returns:
        the file and its bytes; or None and why the one that is there could not be read (empty: there is
        none).
    """
    for candidate in (path.with_suffix(".xmp"), path.with_name(path.name + ".xmp"), path.with_suffix(".XMP")):
        try:
            if candidate == path or not candidate.is_file() or candidate.stat().st_size > _MAX_PACKET:
                continue
            return candidate, candidate.read_bytes()
        except OSError as error:
            return None, f"the sidecar {candidate.name} could not be read: {error.strerror}"
    return None, ""
