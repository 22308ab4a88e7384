"""The XMP of a photo as it is carried: the file's and its sidecar's in one packet, true once upright."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .sidecar import find_sidecar
from .xmp import merged, parse_packet, rdf_of, serialize
from .xmp_truth import drop_development, drop_false_claims, orientation_in, set_upright, turn_regions

__all__ = ["PhotoXmp"]


class PhotoXmp:
    """The XMP of one photo while it is read.

    Args:
        embedded: the packet in the file, with its extension joined; None where there is none.
        path: of the photo, whose sidecar is looked for; None for pictures in memory.
        notes: gets what was broken or left out.
    """

    def __init__(self, embedded: bytes | None, path: Path | None, notes: list[str]) -> None:
        self._notes = notes
        self._embedded = self._parsed(embedded, "XMP packet")
        self._sidecar: Any | None = None
        if path is not None:
            found, content = find_sidecar(path)
            if found is not None and isinstance(content, bytes):
                self._sidecar = self._parsed(content, f"sidecar {found.name}")
            elif content:
                notes.append(str(content))

    def _parsed(self, packet: bytes | None, what: str) -> Any | None:
        if not packet:
            return None
        root = parse_packet(packet)
        if root is None or rdf_of(root) is None:
            self._notes.append(f"the {what} is broken and was left out")
            return None
        return root

    @property
    def orientation(self) -> int | None:
        """What the embedded packet declares."""
        return _orientation(self._embedded)

    @property
    def sidecar_orientation(self) -> int | None:
        """What the sidecar declares."""
        return _orientation(self._sidecar)

    def packet(self, orientation: int, width: int, height: int) -> bytes | None:
        """The packet to carry; what the sidecar says goes before what the file says.

        Args:
            orientation: that was applied to the stored pixels, 1 to 8.
            width, height: of the upright picture.
        """
        roots = [root for root in (self._sidecar, self._embedded) if root is not None]
        dropped = False
        for root in roots:
            rdf = rdf_of(root)
            dropped = drop_development(rdf) or dropped
            self._notes += [note for note in drop_false_claims(rdf) if note not in self._notes]
            turn_regions(rdf, orientation, width, height)
            set_upright(rdf)
        if dropped:
            self._notes.append("another program's RAW development settings in the XMP were not kept")
        if len(roots) == 2:
            merged(roots[0], roots[1])
        return serialize(roots[0]) if roots else None


def _orientation(root: Any | None) -> int | None:
    return orientation_in(rdf_of(root)) if root is not None else None
