"""Finding and reading XMP sidecar files.

Two naming conventions are in use: ``IMG_1.NEF.xmp`` (darktable, digiKam) and ``IMG_1.xmp`` (Lightroom,
Capture One). The second does not contain the extension. Programs write such sidecars for RAW files and embed
XMP in others, so beside a RAW file the sidecar belongs to that; Lightroom also stores the extension in the
sidecar.
"""

from __future__ import annotations

from pathlib import Path

from ..sniff import RAW_SUFFIXES
from .xmp_packet import MAX_PACKET, Packet, qualified

__all__ = ["read_sidecars", "sidecars_of"]

_FOR_EXTENSION = qualified("photoshop:SidecarForExtension")


def sidecars_of(path: Path) -> tuple[Path, ...]:
    """Existing sidecars of a photo, those with its extension in their name first."""
    found: list[Path] = []
    for candidate in _candidates(path):
        if candidate != path and candidate.is_file() and not any(map(candidate.samefile, found)):
            found.append(candidate)
    shared = [each for each in found if each.stem == path.stem]
    if shared and path.suffix.lower() not in RAW_SUFFIXES and _has_raw_beside(path):
        found = [each for each in found if each not in shared]
    return tuple(found)


def read_sidecars(path: Path, notes: list[str]) -> Packet | None:
    """XMP of a photo's sidecars, merged into one packet; None if there are none.

    If both have a property, the sidecar with the photo's extension in its name takes precedence.

    Args:
        path: path of the photo.
        notes: list to which notes on unusable sidecars are appended.
    """
    merged: Packet | None = None
    try:
        sidecars = sidecars_of(path)
    except OSError as error:
        notes.append(f"the folder could not be searched for XMP sidecars ({error.strerror}); none was used")
        return None
    for sidecar in sidecars:
        packet = _read(sidecar, path.suffix, notes)
        if packet is not None and merged is not None:
            merged.add_missing(packet)
        merged = merged or packet
    return merged


def _candidates(path: Path) -> tuple[Path, ...]:
    endings = (".xmp", ".XMP")
    return (*(path.with_name(path.name + end) for end in endings), *map(path.with_suffix, endings))


def _has_raw_beside(path: Path) -> bool:
    spellings = (spelled for each in RAW_SUFFIXES for spelled in (each, each.upper(), "." + each[1:].title()))
    return any(path.with_suffix(suffix).exists() for suffix in spellings)


def _read(sidecar: Path, suffix: str, notes: list[str]) -> Packet | None:
    """Packet of a sidecar; None if it belongs to another photo or is unusable."""
    try:
        if sidecar.stat().st_size > MAX_PACKET:
            notes.append(f"the sidecar {sidecar.name} is larger than {MAX_PACKET >> 20} MB and was left out")
            return None
        content = sidecar.read_bytes()
    except OSError as error:
        notes.append(f"the sidecar {sidecar.name} could not be read ({error.strerror}) and was left out")
        return None
    packet = Packet.parse(content)
    if packet is None:
        notes.append(f"the sidecar {sidecar.name} is broken and was left out")
    elif packet.value(_FOR_EXTENSION) is not None:
        extension = str(packet.value(_FOR_EXTENSION)).strip(". ").lower()
        if extension and extension != suffix.lstrip(".").lower():
            return None
        packet.remove(lambda name: name == _FOR_EXTENSION)  # the result is not a RAW file with a sidecar
    return packet
