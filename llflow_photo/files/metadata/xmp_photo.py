"""The XMP of a photo: the file's and its sidecars' in one packet, adapted to the upright image."""

from __future__ import annotations

from pathlib import Path

from .sidecars import read_sidecars
from .xmp_packet import Packet, qualified
from .xmp_truth import drop_false_claims, turn_exif, turn_regions

__all__ = ["PhotoXmp"]

_ORIENTATION = qualified("tiff:Orientation")
# Namespaces of Adobe (settings, presets, defaults, lens profiles) and darktable.
_COLOR_LABELS = "{http://darktable.sf.net/}colorlabels"
_DEVELOPMENT = ("{http://ns.adobe.com/camera-raw-", "{http://darktable.sf.net/")


class PhotoXmp:
    """Reads and merges the XMP of one photo.

    Args:
        embedded: the packet in the file, joined with its extension; None if there is none.
        path: path of the photo, to find its sidecars; None for images in memory.
        notes: list to which notes on broken or omitted XMP are appended.
    """

    def __init__(self, embedded: bytes | None, path: Path | None, notes: list[str]) -> None:
        self._notes = notes
        self._embedded = Packet.parse(embedded) if embedded is not None else None
        if embedded is not None and self._embedded is None:
            notes.append("the XMP packet is broken and was left out")
        self._sidecars = read_sidecars(path, notes) if path is not None else None

    @property
    def orientation(self) -> int | None:
        """Orientation declared by the embedded packet, 1 to 8; None if undeclared."""
        return _orientation(self._embedded)

    @property
    def sidecar_orientation(self) -> int | None:
        """Orientation declared by the sidecars, 1 to 8; None if undeclared."""
        return _orientation(self._sidecars)

    def packet(self, orientation: int, width: int, height: int) -> bytes | None:
        """The packet for the output file; sidecars take precedence over the embedded packet.

        RAW development settings of other programs are removed, as they would be applied a second time.

        Args:
            orientation: orientation that was applied to the stored pixels, 1 to 8.
            width, height: size of the upright image.
        """
        packet = self._sidecars or self._embedded
        if packet is None:
            return None
        if self._sidecars is not None and self._embedded is not None:
            packet.add_missing(self._embedded)
        if packet.remove(_is_development):
            self._notes.append("another program's RAW development settings in the XMP were not kept")
        self._notes += [note for note in drop_false_claims(packet) if note not in self._notes]
        turn_regions(packet.rdf, orientation, width, height)
        turn_exif(packet, orientation, width, height)
        packet.set_where_present(_ORIENTATION, "1")
        return packet.to_bytes()


def _is_development(name: str) -> bool:
    return name.startswith(_DEVELOPMENT) and name != _COLOR_LABELS


def _orientation(packet: Packet | None) -> int | None:
    value = (packet.value(_ORIENTATION) or "").strip() if packet is not None else ""
    return int(value) if len(value) == 1 and value in "12345678" else None
